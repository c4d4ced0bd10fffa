//! Waits for a future on the caller's thread, whatever thread that is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use token_core::{Error, ErrorKind};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{block_in_place, unconstrained};

/// Returns the output of a future that need not wait.
pub(super) fn if_ready<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Waits for a future of a cache that was given this runtime.
///
/// # Errors
///
/// Fails, without polling the future, if this thread drives the given runtime and no other thread
/// can: what the future waits for would then never happen.
pub(super) fn block_on<T>(
    given: Option<&Handle>,
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    // Inside a task of another runtime, tokio would stop the future after 128 steps to let other
    // tasks run, which it cannot here.
    let wait = || pollster::block_on(unconstrained(future));
    let Ok(current) = Handle::try_current() else {
        return Ok(wait());
    };
    let is_given = given.is_some_and(|given| given.id() == current.id());
    match current.runtime_flavor() {
        // A worker hands its tasks over first: what the future waits for may be among them.
        RuntimeFlavor::MultiThread if may_block() => Ok(block_in_place(wait)),
        RuntimeFlavor::MultiThread => Ok(wait()),
        _ if is_given && !may_block() => Err(would_wait_for_itself()),
        _ => Ok(wait()),
    }
}

/// Returns whether this thread may block without holding up a current-thread runtime or a
/// `LocalSet`. Tokio tells only by a panic.
fn may_block() -> bool {
    catch_unwind(AssertUnwindSafe(|| block_in_place(|| ()))).is_ok()
}

fn would_wait_for_itself() -> Error {
    Error::new(
        ErrorKind::Config,
        "this thread drives the cache's current-thread runtime, and would wait for itself: use the \
         asynchronous method, or `spawn_blocking`",
    )
}
