//! Checks that what reqwest, hyper and rustls log at TRACE contains no secret. This is its own test
//! binary, because collectors are global.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request};
use token_core::{HttpClient, Secret};
use token_reqwest::ReqwestClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

const MINUTE: Duration = Duration::from_secs(60);
const SECRETS: [&str; 6] = [
    "query-s3cr3t",
    "header-s3cr3t",
    "body-s3cr3t",
    "answer-s3cr3t",
    "pr0xy-s3cr3t",
    "cmVhZGVyOnByMHh5LXMzY3IzdA==",
];

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Collector;

impl io::Write for Collector {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *LOG.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects the fields of all spans and events of `tracing`, and all records of `log`.
fn collect() {
    tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(|| Collector)
        .init();
}

fn refresh(url: &str) -> Request<Bytes> {
    let mut key = HeaderValue::from_static("header-s3cr3t");
    key.set_sensitive(true);
    Request::post(format!("{url}/t?key=query-s3cr3t"))
        .header("authorization", key)
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
    collect();
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
    let chatty = reqwest::Client::builder()
        .no_proxy()
        .connection_verbose(true);
    let tamed = ReqwestClient::from_builder(chatty).unwrap();
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
    assert_no_secret();
    assert_the_collector_records(&whole).await;
}

fn assert_no_secret() {
    let log = logged();
    for target in ["reqwest::connect", "hyper_util::client::legacy", "rustls"] {
        assert!(
            log.contains(&format!(" {target}")),
            "{target} logged nothing"
        );
    }
    for secret in SECRETS {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

fn logged() -> String {
    String::from_utf8(LOG.lock().unwrap().clone()).unwrap()
}

async fn assert_the_collector_records(url: &str) {
    let chatty = reqwest::Client::builder()
        .no_proxy()
        .connection_verbose(true);
    let sent = chatty
        .build()
        .unwrap()
        .post(url)
        .body("body-s3cr3t")
        .send()
        .await;
    assert_eq!(sent.unwrap().status(), 200);
    assert!(logged().contains("body-s3cr3t"));
}
