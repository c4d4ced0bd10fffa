//! The client against real sockets that misbehave.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../clients/mod.rs"]
mod clients;
mod driven;
mod names;

pub(crate) use token_hyper::{HyperClient as Client, HyperClientBuilder as ClientBuilder};
