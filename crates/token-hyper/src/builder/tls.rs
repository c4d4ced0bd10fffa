//! TLS as reqwest configures it: rustls with aws-lc-rs, and the platform's root certificates.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;
use token_core::{BuildError, Secret};

#[derive(Default)]
pub(super) struct Settings {
    pub(super) root_certificates: Vec<String>,
    pub(super) only_added: bool,
    /// The chain, and its key.
    pub(super) client_certificate: Option<(String, Secret)>,
}

type Trusting = ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

impl Settings {
    pub(super) fn config(&self) -> Result<ClientConfig, BuildError> {
        let mut config = self.without_protocols()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn without_protocols(&self) -> Result<ClientConfig, BuildError> {
        let provider = Arc::new(default_provider());
        let versions = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| refused())?;
        let trusting = self.trust(versions)?;
        let Some((chain, key)) = &self.client_certificate else {
            return Ok(trusting.with_no_client_auth());
        };
        identify(trusting, chain, key)
    }

    fn trust(
        &self,
        versions: ConfigBuilder<ClientConfig, WantsVerifier>,
    ) -> Result<Trusting, BuildError> {
        let mut added = Vec::new();
        for pem in &self.root_certificates {
            added.extend(root_certificates(pem)?);
        }
        match self.only_added {
            true if added.is_empty() => Err(BuildError::missing("root_certificates")),
            true => Ok(versions.with_root_certificates(store_of(added)?)),
            false => platform(versions, added),
        }
    }
}

fn platform(
    versions: ConfigBuilder<ClientConfig, WantsVerifier>,
    added: Vec<CertificateDer<'static>>,
) -> Result<Trusting, BuildError> {
    let provider = Arc::clone(versions.crypto_provider());
    let verifier = match added.is_empty() {
        true => Verifier::new(provider),
        false => Verifier::new_with_extra_roots(added, provider),
    };
    let verifier = verifier.map_err(|error| why_not_trusted(&error))?;
    // `dangerous` is what rustls calls any verifier but its own; this one is the platform's
    Ok(versions
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier)))
}

fn store_of(added: Vec<CertificateDer<'static>>) -> Result<RootCertStore, BuildError> {
    let mut store = RootCertStore::empty();
    for certificate in added {
        store.add(certificate).map_err(|_| malformed())?;
    }
    Ok(store)
}

fn root_certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    found
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or(BuildError::invalid(
            "root_certificates",
            "has no PEM certificate",
        ))
}

fn identify(trusting: Trusting, chain: &str, key: &Secret) -> Result<ClientConfig, BuildError> {
    let not_pem = || {
        BuildError::invalid(
            "client_certificate",
            "is not a certificate and its key in PEM",
        )
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    let chain = chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(not_pem)?;
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| not_pem())?;
    trusting
        .with_client_auth_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                BuildError::invalid("client_certificate", "does not belong to its key")
            }
            _ => refused(),
        })
}

fn why_not_trusted(error: &rustls::Error) -> BuildError {
    match error {
        rustls::Error::General(text) if text.contains("No CA certificates") => {
            let why = "are missing on this machine; add some with `add_root_certificates_pem`";
            BuildError::invalid("root_certificates", why)
        }
        _ => malformed(),
    }
}

fn malformed() -> BuildError {
    BuildError::invalid("root_certificates", "has a malformed certificate")
}

fn refused() -> BuildError {
    let why = "or another TLS setting was refused by the TLS library";
    BuildError::invalid("client_certificate", why)
}
