//! How long a request may take.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A timer that fires this much too late shows that the process did not run. The engine of
/// `token-cache` has a shorter one, so that it does not give up on a client that still waits.
const LATE: Duration = Duration::from_millis(250);
/// How long what arrived meanwhile takes to be read.
const TO_READ: Duration = Duration::from_secs(5);
/// As long as tokio lets a timer run.
const VERY_LONG: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The time that one request may take in all, and each read of its answer.
///
/// ```
/// use std::pin::pin;
/// use std::time::Duration;
///
/// use token_hyper::parts::{TimeLeft, TimedOut};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut time = TimeLeft::new(Duration::from_millis(20), Duration::from_secs(30));
/// let answer = pin!(std::future::pending::<()>());
/// assert_eq!(time.part(answer).await, Err(TimedOut));
/// # }
/// ```
///
/// If the process was frozen when a time ended (a stopped process, a paused virtual machine), the
/// answer may have arrived, with a rotated refresh token in it. So it is waited for a little longer;
/// reqwest's own timers would win against it. But a request that has not left by then is not sent:
/// others may no longer wait for the outcome, and may have used the refresh token.
#[derive(Debug)]
pub struct TimeLeft {
    ends: Instant,
    /// Later after a freeze, for what has been sent.
    answered_by: Instant,
    read: Duration,
}

/// A time has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

impl TimeLeft {
    /// Starts both times: all of the request may take `within`, and each read `read`.
    pub fn new(within: Duration, read: Duration) -> Self {
        let ends = Instant::now() + within.min(VERY_LONG);
        Self {
            ends,
            answered_by: ends,
            read,
        }
    }

    /// Returns whether all of the time is over, so that nothing may be sent any more.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// Awaits something before the request is sent, for as long as all may take.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if the time is over. `work` is not polled again then, also after a freeze.
    pub fn wait<F: Future + Unpin>(
        &mut self,
        work: F,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        self.at_most(Duration::MAX, work, || true)
    }

    /// Awaits a connection for at most `within`, and no longer than a read may take.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if one of the times is over. `work` is not polled again then, also after a
    /// freeze.
    pub fn connect<F: Future + Unpin>(
        &mut self,
        within: Duration,
        work: F,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        self.at_most(self.read.min(within), work, || true)
    }

    /// Sends the request and awaits the head of the answer. `is_unsent` tells whether certainly no
    /// byte has left yet.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if one of the times is over. What has not left is not polled again then.
    pub fn head<F: Future + Unpin>(
        &mut self,
        work: F,
        is_unsent: impl Fn() -> bool,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        self.at_most(self.read, work, is_unsent)
    }

    /// Awaits a part of the body.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if one of the times is over.
    pub fn part<F: Future + Unpin>(
        &mut self,
        work: F,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        self.at_most(self.read, work, || false)
    }

    // Not an `async fn`, which would hold its arguments twice.
    fn at_most<F: Future + Unpin>(
        &mut self,
        mut most: Duration,
        mut work: F,
        is_unsent: impl Fn() -> bool,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        let unsent_until = is_unsent().then(|| self.unsent_until(most));
        async move {
            let mut timer = pin!(None::<Sleep>);
            poll_fn(|context| {
                // What connects is not polled after its time, since it would go on and send.
                let is_over = unsent_until.is_some_and(|until| Instant::now() >= until);
                if is_over && is_unsent() {
                    return Poll::Ready(Err(TimedOut));
                }
                if let Poll::Ready(done) = Pin::new(&mut work).poll(context) {
                    return Poll::Ready(Ok(done));
                }
                // Not before: what is ready at once needs none.
                if timer.is_none() {
                    timer.set(Some(sleep(self.left(is_unsent()).min(most))));
                }
                if let Some(mut running) = timer.as_mut().as_pin_mut() {
                    ready!(running.as_mut().poll(context));
                    if is_unsent() || running.deadline().elapsed() < LATE {
                        return Poll::Ready(Err(TimedOut));
                    }
                }
                most = TO_READ;
                timer.set(None);
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await
        }
    }

    fn unsent_until(&self, most: Duration) -> Instant {
        let until = Instant::now().checked_add(most);
        until.map_or(self.ends, |until| until.min(self.ends))
    }

    fn left(&mut self, is_unsent: bool) -> Duration {
        let now = Instant::now();
        let ends = match is_unsent {
            true => self.ends,
            false => self.answered_by(now),
        };
        ends.saturating_duration_since(now)
    }

    /// Makes up for a freeze.
    fn answered_by(&mut self, now: Instant) -> Instant {
        if now.saturating_duration_since(self.answered_by) >= LATE {
            self.answered_by = now + TO_READ;
        }
        self.answered_by
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::oneshot;
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_shorter_time_ends_a_read() {
        for (within, read, expected) in [(60, 30, 30), (20, 30, 20)] {
            let begun = Instant::now();
            let mut time = TimeLeft::new(SECOND * within, SECOND * read);
            let waited = time.part(pin!(pending::<()>())).await;
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
        while time.part(pin!(sleep(25 * SECOND))).await.is_ok() {}
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
                time.part(answer).await.map(drop)
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
        assert_eq!(time.part(pin!(sleep(SECOND))).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_not_left_when_the_time_is_over_is_not_sent_after_a_freeze() {
        let mut time = TimeLeft::new(60 * SECOND, 30 * SECOND);
        advance(600 * SECOND).await;
        assert_eq!(time.wait(pin!(ready(()))).await, Err(TimedOut));
        assert_eq!(time.head(pin!(ready(())), || true).await, Err(TimedOut));
        assert_eq!(time.head(pin!(ready(())), || false).await, Ok(()));
        assert!(time.is_over());
        assert_eq!(time.wait(pin!(ready(()))).await, Err(TimedOut));
    }
}
