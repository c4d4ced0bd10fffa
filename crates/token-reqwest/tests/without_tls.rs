//! A build without TLS.
#![cfg(not(feature = "rustls"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../token-hyper/tests/clients/without_tls.rs"]
mod without_tls;

use token_reqwest::ReqwestClient;

fn client() -> ReqwestClient {
    ReqwestClient::from_builder(|| reqwest::Client::builder().no_proxy()).unwrap()
}
