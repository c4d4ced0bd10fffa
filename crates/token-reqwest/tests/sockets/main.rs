//! The client against real sockets that misbehave.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../../token-hyper/tests/clients/mod.rs"]
mod clients;
#[cfg(feature = "http2")]
mod http2;
mod own_builder;
mod own_client;
mod proxies;
mod resolvers;
mod sent_once;

pub(crate) use token_reqwest::{ReqwestClient as Client, ReqwestClientBuilder as ClientBuilder};
