//! How long a request may take.

use std::time::Duration;

use tokio::time::{Instant, timeout};

/// A timer that fires this much too late shows that the process did not run.
const LATE: Duration = Duration::from_secs(1);
/// How long what arrived meanwhile takes to be read.
const TO_READ: Duration = Duration::from_secs(5);
/// As long as tokio lets a timer run.
const VERY_LONG: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The time that one request may take in all, and each read of its answer.
///
/// If the process was frozen when a time ended (a stopped process, a paused virtual machine), the
/// answer may have arrived, with a rotated refresh token in it. So it is waited for a little longer.
/// reqwest's own timers would win against it.
pub(crate) struct TimeLeft {
    ends: Instant,
    read: Duration,
}

/// A time has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TimedOut;

impl TimeLeft {
    /// Starts both times.
    pub(crate) fn new(within: Duration, read: Duration) -> Self {
        Self {
            ends: Instant::now() + within.min(VERY_LONG),
            read,
        }
    }

    /// Awaits something before the first read, for as long as the whole request may take.
    pub(crate) async fn wait<F: Future + Unpin>(&mut self, work: F) -> Result<F::Output, TimedOut> {
        self.at_most(Duration::MAX, work).await
    }

    /// Awaits one read: the head of the answer, or a part of its body.
    pub(crate) async fn read<F: Future + Unpin>(&mut self, work: F) -> Result<F::Output, TimedOut> {
        self.at_most(self.read, work).await
    }

    async fn at_most<F: Future + Unpin>(
        &mut self,
        most: Duration,
        mut work: F,
    ) -> Result<F::Output, TimedOut> {
        loop {
            let begun = Instant::now();
            let left = self.left_at(begun).min(most);
            if let Ok(done) = timeout(left, &mut work).await {
                return Ok(done);
            }
            if begun.elapsed() < left.saturating_add(LATE) {
                return Err(TimedOut);
            }
        }
    }

    fn left_at(&mut self, now: Instant) -> Duration {
        if now.saturating_duration_since(self.ends) >= LATE {
            self.ends = now + TO_READ;
        }
        self.ends.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::pin::pin;

    use tokio::sync::oneshot;
    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_shorter_time_ends_a_read() {
        for (within, read, expected) in [(60, 30, 30), (20, 30, 20)] {
            let begun = Instant::now();
            let mut time = TimeLeft::new(SECOND * within, SECOND * read);
            let waited = time.read(pin!(pending::<()>())).await;
            assert_eq!(
                (waited, begun.elapsed()),
                (Err(TimedOut), SECOND * expected)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_reads_together_have_the_whole_time() {
        let begun = Instant::now();
        let mut time = TimeLeft::new(60 * SECOND, 30 * SECOND);
        // tidy: sleeps because it lets paused time pass
        while time.read(pin!(sleep(25 * SECOND))).await.is_ok() {}
        assert_eq!(begun.elapsed(), 60 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_before_the_reads_has_the_whole_time() {
        let mut time = TimeLeft::new(Duration::MAX, SECOND);
        // tidy: sleeps because it lets paused time pass
        assert_eq!(time.wait(pin!(sleep(60 * SECOND))).await, Ok(()));
    }

    // FAULTS.md row 10
    #[tokio::test(start_paused = true)]
    async fn after_a_freeze_an_answer_is_waited_for_a_little_longer() {
        for (comes_after, expected) in [(4, Ok(())), (6, Err(TimedOut))] {
            let (answers, answer) = oneshot::channel();
            let reading = tokio::spawn(async move {
                let mut time = TimeLeft::new(60 * SECOND, 30 * SECOND);
                time.read(answer).await.map(drop)
            });
            tokio::task::yield_now().await;
            advance(600 * SECOND).await;
            // tidy: sleeps because it lets paused time pass
            sleep(SECOND * comes_after).await;
            _ = answers.send(());
            assert_eq!(reading.await.unwrap(), expected, "{comes_after} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_too_though_the_time_was_over_before() {
        let mut time = TimeLeft::new(60 * SECOND, 30 * SECOND);
        advance(600 * SECOND).await;
        // tidy: sleeps because it lets paused time pass
        assert_eq!(time.read(pin!(sleep(SECOND))).await, Ok(()));
    }
}
