//! A temporary certificate authority for a test.

use std::fmt;
use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A temporary certificate authority, and the server certificate for `localhost` and `127.0.0.1`
/// that it signed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use token_sim::{OAuth2Server, Tls};
///
/// let tls = Tls::new()?;
/// let sim = OAuth2Server::builder().tls(tls.clone()).start().await?;
/// assert!(sim.base_url().starts_with("https://localhost:"));
/// assert!(tls.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// # Ok(())
/// # }
/// ```
///
/// Nothing is written to disk: each value has its own keys.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    ca_pem: Arc<str>,
    client_cert_pem: Arc<str>,
    client_key_pem: Arc<str>,
}

impl Tls {
    /// Creates an authority and a server that asks for no client certificate.
    ///
    /// # Errors
    ///
    /// If keys or certificates cannot be created.
    pub fn new() -> io::Result<Self> {
        Self::make(ClientCertificate::NotAsked)
    }

    /// Creates an authority and a server that refuses clients without a certificate of the same
    /// authority.
    ///
    /// # Errors
    ///
    /// If keys or certificates cannot be created.
    pub fn requiring_client_certificate() -> io::Result<Self> {
        Self::make(ClientCertificate::Required)
    }

    /// Returns the authority's certificate in PEM, for the client's trust store.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Returns a client certificate of the authority, in PEM.
    pub fn client_cert_pem(&self) -> &str {
        &self.client_cert_pem
    }

    /// Returns the key of that certificate: PKCS#8 in PEM.
    pub fn client_key_pem(&self) -> &str {
        &self.client_key_pem
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    fn make(client: ClientCertificate) -> io::Result<Self> {
        let authority = Authority::new().map_err(io::Error::other)?;
        let server = authority
            .sign("localhost", ExtendedKeyUsagePurpose::ServerAuth)
            .map_err(io::Error::other)?;
        let client_identity = authority
            .sign("client", ExtendedKeyUsagePurpose::ClientAuth)
            .map_err(io::Error::other)?;
        let config = server_config(&authority, &server, client)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca_pem: authority.certificate.pem().into(),
            client_cert_pem: client_identity.certificate.pem().into(),
            client_key_pem: client_identity.key.serialize_pem().into(),
        })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum ClientCertificate {
    NotAsked,
    Required,
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = named("token-sim test authority");
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    fn sign(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> Result<Identity, rcgen::Error> {
        let mut params = CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name = named(name);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate, key })
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut full = DistinguishedName::new();
    full.push(DnType::CommonName, name);
    full
}

fn server_config(
    authority: &Authority,
    server: &Identity,
    client: ClientCertificate,
) -> io::Result<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = match client {
        ClientCertificate::NotAsked => builder.with_no_client_auth(),
        ClientCertificate::Required => {
            let roots = Arc::new(trust(authority.certificate.der())?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(io::Error::other)?)
        }
    };
    let chain = vec![server.certificate.der().clone()];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server.key.serialize_der()));
    builder
        .with_single_cert(chain, key)
        .map_err(io::Error::other)
}

fn trust(authority: &CertificateDer<'static>) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).map_err(io::Error::other)?;
    Ok(roots)
}
