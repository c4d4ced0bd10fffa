//! Checks that what hyper and rustls log at TRACE contains no secret. This is its own test binary,
//! because collectors are global.
#![cfg(feature = "rustls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "clients/logged.rs"]
mod logged;

use token_core::{HttpClient, Repeatable};
use token_hyper::HyperClient;
use token_testkit::ProgramLog;

use self::logged::{MINUTE, SECRETS, refresh, server};

#[tokio::test]
async fn dependencies_log_no_secret() {
    let log = ProgramLog::begin().unwrap();
    let whole =
        server("HTTP/1.1 200 OK\r\nx: answer-s3cr3t\r\ncontent-length: 13\r\n\r\nanswer-s3cr3t")
            .await;
    let cut = server("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nanswer-s3cr3t").await;
    let junk = server("answer-s3cr3t\r\n\r\n").await;
    let moved =
        server("HTTP/1.1 302 No\r\nlocation: /?answer-s3cr3t\r\ncontent-length: 0\r\n\r\n").await;
    let client = HyperClient::new().unwrap();
    for url in [&whole, &cut, &junk, &moved, "https://127.0.0.1:1"] {
        let mut kept = refresh(url);
        kept.extensions_mut().insert(Repeatable);
        for request in [refresh(url), kept] {
            let _ = client.send(request, MINUTE).await;
        }
    }
    let tls = whole.replace("http:", "https:");
    client.send(refresh(&tls), MINUTE).await.unwrap_err();
    for target in ["hyper_util::client::legacy::connect", "rustls"] {
        let line = log.line_with(&format!(" {target}"));
        assert!(line.is_some(), "{target} logged nothing");
    }
    for secret in SECRETS {
        assert_eq!(log.line_with(secret), None, "{secret}");
    }
}
