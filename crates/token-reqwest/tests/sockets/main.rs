//! What the client does with real sockets that misbehave.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod authority;
mod broken;
mod own_client;
mod proxies;
mod raw;
mod redirects;
mod sent_once;
mod slow;
mod tls;
mod wire;
