//! How long a future is awaited.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Awaits a future for at most `within`; `None` if it was not ready by then. What is ready at once
/// needs no timer.
pub(crate) async fn timeout<F: Future>(within: Duration, future: F) -> Option<F::Output> {
    let (mut future, mut timer) = (pin!(future), pin!(None));
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        if timer.is_none() {
            timer.set(Some(tokio::time::sleep(within)));
        }
        let timer = timer.as_mut().as_pin_mut();
        timer.map_or(Poll::Pending, |timer| timer.poll(context).map(|()| None))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn what_is_ready_at_once_needs_no_timer() {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let without_timers = builder.build().unwrap();
        let waited = without_timers.block_on(timeout(Duration::ZERO, ready(7)));
        assert_eq!(waited, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_is_given_up_then() {
        let begun = tokio::time::Instant::now();
        let within = Duration::from_secs(5);
        assert_eq!(timeout(within, pending::<()>()).await, None);
        assert_eq!(begun.elapsed(), within);
        let sleeping = tokio::time::sleep(Duration::from_secs(4));
        assert_eq!(timeout(within, sleeping).await, Some(()));
        assert_eq!(begun.elapsed(), Duration::from_secs(9));
    }
}
