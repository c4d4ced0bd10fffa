//! HTTPS with a test authority.

use std::io;
use std::sync::Arc;

use token_sim::{Fault, OAuth2Server, Tls, When};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::oauth2::{refresh_request, refresh_token};
use crate::support::{Response, read};

async fn sim(tls: &Tls) -> OAuth2Server {
    let builder = OAuth2Server::builder().tls(tls.clone());
    builder.start().await.unwrap()
}

enum Client {
    Unknown,
    WithCertificate,
}

async fn connect(
    sim: &OAuth2Server,
    trusted: &Tls,
    client: Client,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match client {
        Client::Unknown => builder.with_no_client_auth(),
        Client::WithCertificate => {
            let chain =
                vec![CertificateDer::from_pem_slice(trusted.client_cert_pem().as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(trusted.client_key_pem().as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(sim.addr()).await?;
    TlsConnector::from(Arc::new(config))
        .connect("localhost".try_into().unwrap(), stream)
        .await
}

async fn send(sim: &OAuth2Server, trusted: &Tls, client: Client) -> io::Result<Response> {
    let mut stream = connect(sim, trusted, client).await?;
    stream
        .write_all(&refresh_request(&refresh_token(sim)).bytes())
        .await?;
    read(&mut stream).await
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served() {
    let tls = Tls::new().unwrap();
    let sim = sim(&tls).await;
    assert_eq!(
        sim.base_url(),
        format!("https://localhost:{}", sim.addr().port())
    );
    for number in 0..3 {
        send(&sim, &tls, Client::Unknown)
            .await
            .unwrap()
            .assert_status(200);
        assert!(sim.exchanges()[number].delivered);
    }
}

// FAULTS.md row 47
#[tokio::test]
async fn a_client_that_trusts_another_authority_disconnects() {
    let sim = sim(&Tls::new().unwrap()).await;
    assert!(
        send(&sim, &Tls::new().unwrap(), Client::Unknown)
            .await
            .is_err()
    );
    assert_eq!(sim.exchange_count(), 0);
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused_if_one_is_required() {
    let tls = Tls::requiring_client_certificate().unwrap();
    let sim = sim(&tls).await;
    assert!(send(&sim, &tls, Client::Unknown).await.is_err());
    assert_eq!(sim.exchange_count(), 0);
    send(&sim, &tls, Client::WithCertificate)
        .await
        .unwrap()
        .assert_status(200);
}

// FAULTS.md rows 25 and 34
#[tokio::test]
async fn faults_work_over_tls_too() {
    let tls = Tls::new().unwrap();
    let sim = sim(&tls).await;
    for fault in [
        Fault::reset_before_reading(),
        Fault::cut_in_body(),
        Fault::reset_after_acting(),
    ] {
        sim.fault(fault);
        assert!(send(&sim, &tls, Client::Unknown).await.is_err());
    }
    assert_eq!((sim.issued_count(), sim.undelivered_issued()), (2, 2));
}

// FAULTS.md row 3
#[tokio::test]
async fn a_client_that_disconnects_is_noticed_over_tls() {
    let tls = Tls::new().unwrap();
    let sim = sim(&tls).await;
    let hold = sim.hold_next(When::AfterActing);
    let mut stream = connect(&sim, &tls, Client::Unknown).await.unwrap();
    stream
        .write_all(&refresh_request(&refresh_token(&sim)).bytes())
        .await
        .unwrap();
    hold.caught(1).await;
    stream.shutdown().await.unwrap();
    drop(stream);
    hold.release();
    send(&sim, &tls, Client::Unknown)
        .await
        .unwrap()
        .assert_status(200);
    assert_eq!((sim.issued_count(), sim.undelivered_issued()), (2, 1));
}
