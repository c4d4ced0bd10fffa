//! A forked child.
#![cfg(all(unix, feature = "rustls"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../token-hyper/tests/clients/forked.rs"]
mod forked;

pub(crate) use token_reqwest::ReqwestClient as Client;
