//! A build without TLS.

use std::time::Duration;

use bytes::Bytes;
use token_core::{ErrorKind, HttpClient, SendFailure};

use crate::client;

#[tokio::test]
async fn https_without_tls_is_a_config_error() {
    let request = http::Request::get("https://127.0.0.1:1/t")
        .body(Bytes::new())
        .unwrap();
    let error = client()
        .send(request, Duration::from_secs(60))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), SendFailure::Unsendable);
    assert!(!error.may_have_left());
    assert!(error.to_string().contains("no TLS"), "{error}");
    assert_eq!(error.to_error().kind(), ErrorKind::Config);
}
