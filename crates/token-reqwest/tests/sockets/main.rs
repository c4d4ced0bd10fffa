//! The client against real sockets that misbehave.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod authority;
mod broken;
mod certificates;
mod compressed;
#[cfg(unix)]
mod descriptors;
mod headers;
#[cfg(feature = "http2")]
mod http2;
mod idle_limit;
mod kept;
#[cfg(unix)]
mod limit;
mod own_client;
mod proxies;
mod raw;
mod redirects;
mod sent_once;
mod slow;
mod tls;
mod wire;

/// Set in the child process that runs the second half of a test with its own environment.
const CHILD: &str = "TOKEN_REQWEST_CHILD";

/// Asserts that the child ran its test and passed. With a name that matches no test it would run
/// none and pass too.
#[track_caller]
fn assert_passed(child: &std::process::Output) {
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}
