//! TLS connectors.

use token_core::BuildError;

#[cfg(feature = "rustls")]
pub(crate) use tokio_postgres_rustls::MakeRustlsConnect as Connector;

#[cfg(not(feature = "rustls"))]
pub(crate) use tokio_postgres::NoTls as Connector;

/// The trusted root certificates.
#[derive(Clone, Debug, Default)]
pub(crate) enum Roots {
    #[default]
    Platform,
    #[cfg(feature = "rustls")]
    Only(Vec<u8>),
}

#[cfg(not(feature = "rustls"))]
pub(crate) fn connector(_: &Roots) -> Result<Connector, BuildError> {
    Ok(tokio_postgres::NoTls)
}

#[cfg(feature = "rustls")]
pub(crate) fn connector(roots: &Roots) -> Result<Connector, BuildError> {
    use std::sync::Arc;

    use rustls::ClientConfig;
    use rustls::crypto::aws_lc_rs::default_provider;

    let unusable =
        || BuildError::invalid("tls", "has no usable versions or ciphers on this platform");
    let provider = Arc::new(default_provider());
    let versions = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable())?;
    let trusting = match roots {
        Roots::Platform => {
            let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(|_| {
                BuildError::invalid("root certificates", "of the platform cannot be read")
            })?;
            versions
                .dangerous() // as rustls calls any verifier but its own; this one is the platform's
                .with_custom_certificate_verifier(Arc::new(verifier))
        }
        Roots::Only(pem) => versions.with_root_certificates(store_of(pem)?),
    };
    Ok(Connector::new(trusting.with_no_client_auth()))
}

#[cfg(feature = "rustls")]
fn store_of(pem: &[u8]) -> Result<rustls::RootCertStore, BuildError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let wrong = || BuildError::invalid("root_certificates_pem", "must be certificates in PEM");
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        store
            .add(certificate.map_err(|_| wrong())?)
            .map_err(|_| wrong())?;
    }
    if store.is_empty() {
        return Err(wrong());
    }
    Ok(store)
}
