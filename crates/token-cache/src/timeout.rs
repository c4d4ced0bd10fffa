//! How long a future is awaited.

use std::pin::pin;
use std::time::Duration;

/// Awaits a future for at most `within`; `None` if it was not ready by then. What is ready at once
/// needs no timer.
pub(crate) async fn timeout<F: Future>(within: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    // The timer is made when it is first polled.
    tokio::select! {
        biased;
        output = &mut future => Some(output),
        () = async { tokio::time::sleep(within).await } => None,
    }
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
