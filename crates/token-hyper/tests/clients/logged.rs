//! What is sent and answered while the logs of dependencies are collected.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const SECRETS: [&str; 4] = [
    "query-s3cr3t",
    "header-s3cr3t",
    "body-s3cr3t",
    "answer-s3cr3t",
];

pub(crate) fn refresh(url: &str) -> Request<Bytes> {
    let mut key = HeaderValue::from_static("header-s3cr3t");
    key.set_sensitive(true);
    Request::post(format!("{url}/t?key=query-s3cr3t"))
        .header("authorization", key)
        .body(Bytes::from_static(b"refresh_token=body-s3cr3t"))
        .unwrap()
}

/// Answers every connection with the same bytes, then closes it.
pub(crate) async fn server(answer: &'static str) -> String {
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
