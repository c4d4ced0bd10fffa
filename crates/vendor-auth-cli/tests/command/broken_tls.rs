//! TLS servers with certificates that nobody should trust.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    Expired,
    Future,
    OfAnotherHost,
    SelfSigned,
    UnknownIssuer,
    /// The authority's own.
    OfAuthority,
}

/// A server that presents it.
pub(crate) struct Server {
    address: SocketAddr,
    /// The PEM of who issued the certificate.
    pub(crate) authority: String,
}

impl Certificate {
    pub(crate) fn is_of_a_known_authority(self) -> bool {
        matches!(
            self,
            Self::Expired | Self::Future | Self::OfAnotherHost | Self::OfAuthority
        )
    }

    fn params(self) -> CertificateParams {
        let host = match self {
            Self::OfAnotherHost => "other.example",
            _ => "localhost",
        };
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        match self {
            Self::Expired => {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            }
            Self::Future => {
                params.not_before = date_time_ymd(2100, 1, 1);
                params.not_after = date_time_ymd(2101, 1, 1);
            }
            Self::OfAuthority => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            _ => {}
        }
        params
    }
}

impl Server {
    /// Starts a server whose handshakes go as far as the client lets them.
    pub(crate) async fn start(certificate: Certificate) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = &mut authority.distinguished_name;
        name.push(DnType::CommonName, "an authority for tests");
        let authority_key = KeyPair::generate().unwrap();
        let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate().unwrap();
        let params = certificate.params();
        let presented = match certificate {
            Certificate::SelfSigned | Certificate::OfAuthority => params.self_signed(&key),
            _ => params.signed_by(&key, &issuer),
        }
        .unwrap();
        let authority_pem = match certificate {
            Certificate::OfAuthority => presented.pem(),
            _ => authority_pem,
        };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![presented.der().clone()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(acceptor.accept(stream).await);
            }
        });
        Self {
            address,
            authority: authority_pem,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/token", self.address.port())
    }
}

/// Starts a server that answers the first bytes of each connection with these.
pub(crate) async fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 2048];
            drop(stream.read(&mut hello).await);
            drop(stream.write_all(bytes).await);
            // Reads until the client has closed: a reset would take the answer away.
            while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {}
        }
    });
    address
}
