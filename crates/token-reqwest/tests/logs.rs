//! Checks that what reqwest, hyper and rustls log at TRACE contains no secret. This is its own test
//! binary, because collectors are global.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../token-hyper/tests/clients/logged.rs"]
mod logged;

use token_core::{HttpClient, Repeatable, Secret};
use token_reqwest::ReqwestClient;
use token_testkit::ProgramLog;

use self::logged::{MINUTE, SECRETS, refresh, server};

/// Those of the proxy.
const PROXY_SECRETS: [&str; 2] = ["pr0xy-s3cr3t", "cmVhZGVyOnByMHh5LXMzY3IzdA=="];

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
    let client = ReqwestClient::new().unwrap();
    for url in [&whole, &cut, &junk, &moved, "https://127.0.0.1:1"] {
        let _ = client.send(refresh(url), MINUTE).await;
    }
    let tls = whole.replace("http:", "https:");
    client.send(refresh(&tls), MINUTE).await.unwrap_err();
    let tamed = ReqwestClient::from_builder(|| {
        let settings = reqwest::Client::builder().no_proxy();
        settings.connection_verbose(true)
    });
    let tamed = tamed.unwrap();
    for _ in 0..2 {
        let mut kept = refresh(&whole);
        kept.extensions_mut().insert(Repeatable);
        tamed.send(kept, MINUTE).await.unwrap();
    }
    tamed.send(refresh(&whole), MINUTE).await.unwrap();
    let proxied = ReqwestClient::builder()
        .proxy(&whole)
        .proxy_credentials("reader", Secret::from("pr0xy-s3cr3t"))
        .build()
        .unwrap();
    proxied
        .send(refresh("http://vendor.example"), MINUTE)
        .await
        .unwrap();
    proxied
        .send(refresh("https://vendor.example"), MINUTE)
        .await
        .unwrap_err();
    assert_no_secret(&log);
    assert_the_log_records(&log, &whole).await;
}

fn assert_no_secret(log: &ProgramLog) {
    for target in ["reqwest::connect", "hyper_util::client::legacy", "rustls"] {
        let line = log.line_with(&format!(" {target}"));
        assert!(line.is_some(), "{target} logged nothing");
    }
    for secret in SECRETS.into_iter().chain(PROXY_SECRETS) {
        assert_eq!(log.line_with(secret), None, "{secret}");
    }
}

async fn assert_the_log_records(log: &ProgramLog, url: &str) {
    let chatty = reqwest::Client::builder()
        .no_proxy()
        .connection_verbose(true);
    let request = chatty.build().unwrap().post(url).body("body-s3cr3t");
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert!(log.line_with("body-s3cr3t").is_some());
}
