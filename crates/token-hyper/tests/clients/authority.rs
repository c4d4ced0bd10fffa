//! A temporary certificate authority, and servers with its certificates.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::raw::{RawServer, Wire, answer_of};

/// A certificate authority; each test creates its own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let name = format!("{:?}", key.public_key_raw());
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, key);
        Self(issuer.unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    pub(crate) fn sign(&self, params: &CertificateParams) -> (Vec<u8>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.der().to_vec(), key)
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }
}

pub(crate) enum Clients {
    Anonymous,
    Certified,
}

pub(crate) fn configured(
    authority: &Authority,
    name: &str,
    clients: &Clients,
    version: &'static SupportedProtocolVersion,
) -> ServerConfig {
    let (certificate, key) = authority.issue(name);
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap();
    let config = match clients {
        Clients::Anonymous => config.with_no_client_auth(),
        Clients::Certified => {
            let verifier = WebPkiClientVerifier::builder_with_provider(authority.roots(), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![certificate.der().clone()];
    config.with_single_cert(chain, key).unwrap()
}

/// Answers over TLS, and records the decrypted bytes.
pub(crate) async fn serving(config: ServerConfig) -> RawServer {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    RawServer::start(move |wire| {
        let (acceptor, heard) = (acceptor.clone(), wire.heard());
        async move {
            match acceptor.accept(wire.into_stream()).into_fallible().await {
                Ok(stream) => {
                    let mut wire = Wire::new(stream, heard);
                    while wire.request().await {
                        wire.say(&answer_of("{}")).await;
                    }
                }
                // closing with unread bytes would reset the connection and lose the alert
                Err((_, stream)) => Wire::new(stream, Default::default()).until_gone().await,
            }
        }
    })
    .await
}

/// Presents a certificate that rustls would refuse to present.
pub(crate) async fn showing(certificate: Vec<u8>, key: &KeyPair) -> RawServer {
    let provider = Arc::new(ring::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = CertifiedKey::new(vec![certificate.into()], key);
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap();
    let shown = SingleCertAndKey::from(shown);
    serving(
        config
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown)),
    )
    .await
}

pub(crate) async fn server_of(authority: &Authority, name: &str) -> RawServer {
    serving(configured(authority, name, &Clients::Anonymous, &TLS13)).await
}
