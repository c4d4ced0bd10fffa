//! A build without TLS.
#![cfg(not(feature = "rustls"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "clients/without_tls.rs"]
mod without_tls;

use token_hyper::HyperClient;

fn client() -> HyperClient {
    HyperClient::new().unwrap()
}
