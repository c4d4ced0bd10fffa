//! The layer around an HTTP client and an API server, and around services in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod bodies;
mod calling;
mod channel;
mod grpc;
mod origins;
mod readiness;
mod redirects;
mod service;
mod sockets;
mod storm;
mod vendor;
