//! How long a future is awaited.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

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

/// A timer that fires this much too late shows that the process did not run. Shorter than that of
/// our HTTP clients, which are told to end a little earlier: the engine must not give up before them.
const LATE: Duration = Duration::from_millis(100);
/// How long what arrived meanwhile takes to be read.
const TO_READ: Duration = Duration::from_secs(5);

/// Awaits an answer for at most `within`. If the process was frozen when that time ended (a stopped
/// process, a paused virtual machine), the answer may have arrived and is waited for a little
/// longer: a rotated refresh token may be in it.
pub(crate) async fn timeout_unless_frozen<F: Future>(
    within: Duration,
    answer: F,
) -> Option<F::Output> {
    let mut answer = pin!(answer);
    let mut left = within;
    loop {
        let begun = Instant::now();
        if let Ok(answer) = tokio::time::timeout(left, answer.as_mut()).await {
            return Some(answer);
        }
        if begun.elapsed() < left.saturating_add(LATE) {
            return None;
        }
        left = TO_READ;
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
        let begun = Instant::now();
        let within = Duration::from_secs(5);
        assert_eq!(timeout(within, pending::<()>()).await, None);
        assert_eq!(begun.elapsed(), within);
        let sleeping = tokio::time::sleep(Duration::from_secs(4));
        assert_eq!(timeout(within, sleeping).await, Some(()));
        assert_eq!(begun.elapsed(), Duration::from_secs(9));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_given_up_in_time() {
        let begun = Instant::now();
        let within = Duration::from_secs(20);
        let waited = timeout_unless_frozen(within, pending::<()>()).await;
        assert_eq!((waited, begun.elapsed()), (None, within));
    }

    // FAULTS.md row 10
    #[tokio::test(start_paused = true)]
    async fn a_freeze_of_any_length_is_noticed_no_later_than_by_the_client() {
        let within = Duration::from_secs(20);
        let margin = Duration::from_millis(100);
        let late = Duration::from_millis(250); // that of `TimeLeft` in token-hyper
        let (answers, answer) = tokio::sync::oneshot::channel();
        let waiting = timeout_unless_frozen(within + margin, async { answer.await.unwrap() });
        let waiting = tokio::spawn(waiting);
        tokio::task::yield_now().await;
        tokio::time::advance(within + late).await;
        tokio::task::yield_now().await;
        _ = answers.send(());
        assert_eq!(waiting.await.unwrap(), Some(()));
    }

    // FAULTS.md row 10
    #[tokio::test(start_paused = true)]
    async fn after_a_freeze_an_answer_is_waited_for_a_little_longer() {
        let within = Duration::from_secs(20);
        for (comes_after, expected) in [(4, Some(())), (6, None)] {
            let (answers, answer) = tokio::sync::oneshot::channel();
            let waiting = timeout_unless_frozen(within, async { answer.await.unwrap() });
            let waiting = tokio::spawn(waiting);
            tokio::task::yield_now().await;
            tokio::time::advance(within * 2).await;
            // tidy: sleeps because it lets paused time pass
            tokio::time::sleep(Duration::from_secs(comes_after)).await;
            _ = answers.send(());
            assert_eq!(waiting.await.unwrap(), expected, "{comes_after} s");
        }
    }
}
