//! A forked child.
#![cfg(all(unix, feature = "rustls"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "clients/forked.rs"]
mod forked;

pub(crate) use token_hyper::HyperClient as Client;
