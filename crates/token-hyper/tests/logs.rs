//! Checks that what hyper and rustls log at TRACE contains no secret. This is its own test binary,
//! because collectors are global.
#![cfg(feature = "rustls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request};
use token_core::{HttpClient, Repeatable};
use token_hyper::HyperClient;
use token_testkit::ProgramLog;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const MINUTE: Duration = Duration::from_secs(60);
const SECRETS: [&str; 4] = [
    "query-s3cr3t",
    "header-s3cr3t",
    "body-s3cr3t",
    "answer-s3cr3t",
];

fn refresh(url: &str) -> Request<Bytes> {
    let mut key = HeaderValue::from_static("header-s3cr3t");
    key.set_sensitive(true);
    Request::post(format!("{url}/t?key=query-s3cr3t"))
        .header("authorization", key)
        .extension(Repeatable)
        .body(Bytes::from_static(b"refresh_token=body-s3cr3t"))
        .unwrap()
}

/// Answers every connection with the same bytes, then closes it.
async fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let read = stream.read(&mut [0; 4096]).await;
            read.and(stream.write_all(answer.as_bytes()).await).unwrap();
        }
    });
    format!("http://{address}")
}

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
        let _ = client.send(refresh(url), MINUTE).await;
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
