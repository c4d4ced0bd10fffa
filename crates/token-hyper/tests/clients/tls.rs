//! Certificates: which ones the client trusts, and its own.

use std::process::Command;
use std::sync::Arc;

use crate::{Client, ClientBuilder};
use token_core::{Secret, SendError, SendFailure};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::authority::{Authority, Clients, configured, server_of, serving};
use super::raw::{RawServer, TOKEN, Wire, answer_of, assert_in_doubt, assert_unsent, send_refresh};
use super::{CHILD, assert_passed};

fn trusting(authority: &Authority) -> ClientBuilder {
    Client::builder().add_root_certificates_pem(&authority.pem())
}

async fn send(client: ClientBuilder, server: &RawServer) -> Result<String, SendError> {
    let url = format!("https://{}/t", server.address());
    let client = client.build().unwrap();
    let answer = send_refresh(&client, &url).await?;
    Ok(String::from_utf8(answer.body().to_vec()).unwrap())
}

#[tokio::test]
async fn a_certificate_from_an_added_authority_is_trusted() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let config = configured(&authority, "127.0.0.1", &Clients::Anonymous, version);
        let server = serving(config).await;
        assert_eq!(send(trusting(&authority), &server).await.unwrap(), "{}");
        let only = trusting(&authority).only_added_root_certificates();
        assert_eq!(send(only, &server).await.unwrap(), "{}");
        assert_eq!(server.heard().count(TOKEN), 2);
    }
}

#[tokio::test]
async fn the_protocol_is_offered_by_its_name() {
    let authority = Authority::new();
    let mut config = configured(&authority, "127.0.0.1", &Clients::Anonymous, &TLS13);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = RawServer::start(move |wire| {
        let (acceptor, heard) = (acceptor.clone(), wire.heard());
        async move {
            let stream = acceptor.accept(wire.into_stream()).await.unwrap();
            let agreed = stream.get_ref().1.alpn_protocol().unwrap_or_default();
            let agreed = String::from_utf8_lossy(agreed).into_owned();
            let mut wire = Wire::new(stream, heard);
            wire.request().await;
            wire.say(&answer_of(&agreed)).await;
        }
    })
    .await;
    assert_eq!(
        send(trusting(&authority), &server).await.unwrap(),
        "http/1.1"
    );
}

// FAULTS.md row 47
#[tokio::test]
async fn a_certificate_from_an_unknown_authority_sent_nothing() {
    let server = server_of(&Authority::new(), "127.0.0.1").await;
    let unknown = trusting(&Authority::new()).only_added_root_certificates();
    for client in [Client::builder(), unknown] {
        let error = send(client, &server).await.unwrap_err();
        assert_unsent(&error, SendFailure::Tls);
        let text = error.to_string();
        assert!(text.contains("issuer is not trusted"), "{text}");
    }
    assert_eq!(server.heard().count(TOKEN), 0);
}

// FAULTS.md row 47
#[tokio::test]
async fn a_certificate_for_another_host_sent_nothing_and_is_not_quoted() {
    let authority = Authority::new();
    let server = server_of(&authority, "other.example").await;
    let error = send(trusting(&authority), &server).await.unwrap_err();
    assert_unsent(&error, SendFailure::Tls);
    let expected = "the TLS handshake failed: the certificate is for another host; \
        correct the URL's host or issue a certificate for it";
    assert_eq!(error.to_string(), expected);
    assert_eq!(server.heard().count(TOKEN), 0);
}

// FAULTS.md row 47
#[tokio::test]
async fn a_server_without_tls_is_sent_nothing() {
    let server = RawServer::start(|mut wire| async move {
        wire.some().await;
        wire.say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        wire.until_gone().await;
    })
    .await;
    let error = send(Client::builder(), &server).await.unwrap_err();
    assert_unsent(&error, SendFailure::Tls);
    assert_eq!(server.heard().count("POST"), 0);
}

// FAULTS.md row 47
#[tokio::test]
async fn a_connection_closed_in_the_handshake_sent_nothing() {
    let server = RawServer::start(|mut wire| async move {
        wire.some().await;
    })
    .await;
    let error = send(Client::builder(), &server).await.unwrap_err();
    assert_unsent(&error, SendFailure::Tls);
}

fn certified(authority: &Authority, issuer: &Authority) -> ClientBuilder {
    let (certificate, key) = issuer.issue("client");
    let key = Secret::from(key.serialize_pem());
    trusting(authority).client_certificate_pem(&certificate.pem(), key)
}

#[tokio::test]
async fn a_client_certificate_is_presented_to_a_server_that_requires_one() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let config = configured(&authority, "127.0.0.1", &Clients::Certified, version);
        let server = serving(config).await;
        let client = certified(&authority, &authority);
        assert_eq!(send(client, &server).await.unwrap(), "{}");
    }
}

// In TLS 1.3 the request is written before the refusal arrives, but the server never reads it.
#[tokio::test]
async fn a_missing_client_certificate_counts_as_unsent() {
    let authority = Authority::new();
    for (version, why) in [
        (&TLS12, "certificate"),
        (&TLS13, "requires a client certificate"),
    ] {
        let config = configured(&authority, "127.0.0.1", &Clients::Certified, version);
        let server = serving(config).await;
        let error = send(trusting(&authority), &server).await.unwrap_err();
        assert_unsent(&error, SendFailure::Tls);
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(server.heard().count(TOKEN), 0);
    }
}

#[tokio::test]
async fn a_client_certificate_of_another_authority_counts_as_unsent() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let config = configured(&authority, "127.0.0.1", &Clients::Certified, version);
        let server = serving(config).await;
        let client = certified(&authority, &Authority::new());
        let error = send(client, &server).await.unwrap_err();
        assert_unsent(&error, SendFailure::Tls);
        assert_eq!(server.heard().count(TOKEN), 0);
    }
}

// FAULTS.md row 25: without close_notify, a body that ends with the connection may have been
// truncated
#[tokio::test]
async fn a_body_that_ends_without_close_notify_is_in_doubt() {
    let authority = Authority::new();
    let config = configured(&authority, "127.0.0.1", &Clients::Anonymous, &TLS13);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = RawServer::start(move |wire| {
        let (acceptor, heard) = (acceptor.clone(), wire.heard());
        async move {
            let stream = acceptor.accept(wire.into_stream()).await.unwrap();
            let mut wire = Wire::new(stream, heard);
            wire.request().await;
            wire.say(b"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"A1\"")
                .await;
        }
    })
    .await;
    let error = send(trusting(&authority), &server).await.unwrap_err();
    assert_in_doubt(&error, SendFailure::Interrupted);
}

#[test]
fn invalid_certificates_are_refused() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("client");
    let (_, other) = authority.issue("other");
    let own = |chain: &str, key: &str| {
        let builder = Client::builder();
        builder
            .client_certificate_pem(chain, Secret::from(key))
            .build()
    };
    let with = |pem: &str| Client::builder().add_root_certificates_pem(pem).build();
    let malformed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let none = Client::builder().only_added_root_certificates().build();
    for (refused, field) in [
        (with("").unwrap_err(), "root_certificates"),
        (with("junk").unwrap_err(), "root_certificates"),
        (with(malformed).unwrap_err(), "root_certificates"),
        (none.unwrap_err(), "root_certificates"),
        (
            own("", &key.serialize_pem()).unwrap_err(),
            "client_certificate",
        ),
        (
            own(&certificate.pem(), "").unwrap_err(),
            "client_certificate",
        ),
        (
            own(&certificate.pem(), &other.serialize_pem()).unwrap_err(),
            "client_certificate",
        ),
    ] {
        assert_eq!(refused.field(), field, "{refused}");
    }
}

#[test]
fn a_machine_without_root_certificates_is_a_build_error() {
    if std::env::var_os(CHILD).is_some() {
        return child_without_root_certificates();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "clients::tls::a_machine_without_root_certificates_is_a_build_error",
        ])
        .env(CHILD, "yes")
        .env("SSL_CERT_FILE", "/nonexistent/roots.pem")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    assert_passed(&child);
}

/// Runs in its own process, because it changes the environment.
fn child_without_root_certificates() {
    let refused = Client::new().unwrap_err();
    assert!(
        refused.to_string().contains("missing on this machine"),
        "{refused}"
    );
    let authority = Authority::new();
    trusting(&authority).build().unwrap();
    trusting(&authority)
        .only_added_root_certificates()
        .build()
        .unwrap();
}

#[tokio::test]
async fn only_added_certificates_leave_out_those_of_the_platform() {
    if std::env::var_os(CHILD).is_some() {
        return child_with_its_own_platform().await;
    }
    let platform = Authority::new();
    let server = server_of(&platform, "127.0.0.1").await;
    let roots = std::env::temp_dir().join(format!("client-roots-{}.pem", std::process::id()));
    std::fs::write(&roots, platform.pem()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "clients::tls::only_added_certificates_leave_out_those_of_the_platform",
        ])
        .env(CHILD, "yes")
        .env("SSL_CERT_FILE", &roots)
        .env("TARGET", format!("https://{}/t", server.address()));
    let child = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    std::fs::remove_file(roots).unwrap();
    assert_passed(&child);
    assert_eq!(server.heard().count(TOKEN), 1);
}

/// Runs in its own process, because it changes the environment.
async fn child_with_its_own_platform() {
    let target = std::env::var("TARGET").unwrap();
    let both = trusting(&Authority::new());
    let only = trusting(&Authority::new()).only_added_root_certificates();
    let (both, only) = (both.build().unwrap(), only.build().unwrap());
    assert_eq!(send_refresh(&both, &target).await.unwrap().status(), 200);
    let refused = send_refresh(&only, &target).await.unwrap_err();
    assert_unsent(&refused, SendFailure::Tls);
}
