//! What holds of each client over hyper, against real sockets that misbehave. The tests of
//! `token-reqwest` include this module too.

pub(crate) mod authority;
mod broken;
mod certificates;
mod compressed;
#[cfg(unix)]
mod descriptors;
mod headers;
mod idle_limit;
pub(crate) mod kept;
#[cfg(unix)]
mod limit;
pub(crate) mod raw;
pub(crate) mod redirects;
pub(crate) mod slow;
mod tls;
mod wire;

/// Set in the child process that runs the second half of a test with its own environment.
pub(crate) const CHILD: &str = "TOKEN_CLIENT_CHILD";

/// Asserts that the child ran its test and passed. With a name that matches no test it would run
/// none and pass too.
#[track_caller]
pub(crate) fn assert_passed(child: &std::process::Output) {
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}
