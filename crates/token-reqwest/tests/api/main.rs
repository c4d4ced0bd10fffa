//! API requests with the token, over real sockets.
#![cfg(all(feature = "rustls", feature = "middleware"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod bodies;
mod fixture;
mod origins;
mod redirects;
mod refusals;
mod storm;
