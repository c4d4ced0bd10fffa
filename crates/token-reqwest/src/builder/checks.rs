//! Certificates as reqwest takes them, and why the TLS library refuses a setting.

use reqwest::Certificate;
use token_core::BuildError;
use token_hyper::parts::causes;

pub(super) fn certificates(pem: &str) -> Result<Vec<Certificate>, BuildError> {
    Certificate::from_pem_bundle(pem.as_bytes())
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or(BuildError::invalid(
            "root_certificates",
            "has no PEM certificate",
        ))
}

pub(super) fn why_not_built(error: &reqwest::Error) -> BuildError {
    match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            BuildError::invalid("root_certificates", "has a malformed certificate")
        }
        Some(rustls::Error::InconsistentKeys(_)) => {
            BuildError::invalid("client_certificate", "does not belong to its key")
        }
        Some(rustls::Error::General(text)) if text.contains("No CA certificates") => {
            let why = "are missing on this machine; add some with `add_root_certificates_pem`";
            BuildError::invalid("root_certificates", why)
        }
        _ => BuildError::invalid(
            "client_certificate",
            "or another TLS setting was refused by the TLS library",
        ),
    }
}
