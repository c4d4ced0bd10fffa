//! A server's TLS certificate.

use std::fmt;

/// A certificate chain, its key and the authority that signed it, each as PEM text.
#[derive(Clone)]
pub struct Certificate {
    /// The server's certificate, and those between it and the authority.
    pub chain: String,
    /// The server's private key.
    pub key: String,
    /// The authority's certificate.
    pub authority: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(…)")
    }
}
