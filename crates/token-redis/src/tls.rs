//! Certificates of the user's own, for `rediss://`.

use std::fmt;

/// What replaces the platform's trust, and what the server may ask us for. PEM text, each.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    pub(crate) authority: Option<Vec<u8>>,
    pub(crate) ours: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    pub(crate) fn is_given(&self) -> bool {
        self.authority.is_some() || self.ours.is_some()
    }

    #[cfg(feature = "rustls")]
    pub(crate) fn for_driver(&self) -> redis::TlsCertificates {
        let ours = self.ours.clone();
        redis::TlsCertificates {
            client_tls: ours.map(|(client_cert, client_key)| redis::ClientTlsConfig {
                client_cert,
                client_key,
            }),
            root_cert: self.authority.clone(),
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

/// The driver takes its cipher suites from the process. A choice that the program made stands.
pub(crate) fn choose_cipher_suites() {
    #[cfg(feature = "rustls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be faster, with the same right.
        _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
