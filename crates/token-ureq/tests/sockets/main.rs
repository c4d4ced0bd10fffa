//! Requests of an agent with the token, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod api;
mod bodies;
mod logs;
mod redirects;
mod refusals;
mod storm;
