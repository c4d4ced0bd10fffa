//! What the client does with real sockets that misbehave.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod authority;
mod broken;
mod certificates;
mod compressed;
#[cfg(unix)]
mod descriptors;
mod headers;
mod own_client;
mod proxies;
mod raw;
mod redirects;
mod sent_once;
mod slow;
mod tls;
mod wire;

/// Set in a process that a test starts anew, to run its other half with an environment of its own.
const CHILD: &str = "TOKEN_REQWEST_CHILD";

/// The child ran its half and passed; a name that matches no test would pass too, having run none.
#[track_caller]
fn assert_passed(child: &std::process::Output) {
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}
