//! How many exchanges of a pool are under way at one deployment, and how fast they start.
//!
//! A refresh is longer than its exchange: it begins and ends with the store. So twice as many may be
//! under way, or a slow store would keep the vendor waiting. No more, as a token that was issued and
//! is not yet stored is lost with the process.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use token_core::reexports::http::StatusCode;
use token_core::{Clock as _, Error, ErrorKind};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::trigger::Trigger;
use crate::clock::CacheClock;

/// A vendor that asks for a longer pause gets this one: it may have meant one account alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// While a deployment asks for a pause, one exchange is started this often.
const BETWEEN_PROBES: Duration = Duration::from_secs(1);
/// How long the background waits when it is a caller's turn.
const AFTER_A_CALLER: Duration = Duration::from_millis(20);
/// Short enough to notice that the machine was suspended: a timer stands still then.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

type Limiter = RateLimiter<NotKeyed, InMemoryState, GovernorClock, NoOpMiddleware<Duration>>;

/// The limits of one deployment.
pub(crate) struct Admission {
    refreshes: Limit,
    exchanges: Limit,
    callers: Queue,
    in_background: Queue,
    /// Whether the last one to start was of the background: then a caller is next.
    callers_turn: AtomicBool,
    limiter: Option<Limiter>,
    clock: CacheClock,
    pause: Mutex<Option<Pause>>,
}

/// How many refreshes, or exchanges, are under way at most.
struct Limit {
    all: Semaphore,
    /// Seven eighths of them, for what nobody waits for.
    background: Semaphore,
}

/// Who waits for a start, one after the other.
#[derive(Default)]
struct Queue {
    waiting: AtomicUsize,
    next: tokio::sync::Mutex<()>,
}

/// Somebody in the queue, who may also leave it.
struct Waiting<'a>(&'a Queue);

/// What a vendor asked for.
#[derive(Clone, Copy, Debug)]
struct Pause {
    /// When it was asked for, in elapsed time.
    since: Duration,
    until: Duration,
    /// When the next exchange may start nevertheless.
    next_probe: Duration,
}

/// The right to have one refresh, or one exchange, under way.
pub(crate) struct Permit<'a>(
    #[expect(dead_code, reason = "its drop is what counts")] [Option<SemaphorePermit<'a>>; 2],
);

impl Admission {
    pub(crate) fn new(at_once: usize, rate: Option<Quota>, clock: CacheClock) -> Self {
        let limiter =
            rate.map(|quota| Limiter::direct_with_clock(quota, GovernorClock(clock.clone())));
        Self {
            refreshes: Limit::new(at_once.saturating_mul(2)),
            exchanges: Limit::new(at_once),
            callers: Queue::default(),
            in_background: Queue::default(),
            callers_turn: AtomicBool::new(false),
            limiter,
            clock,
            pause: Mutex::new(None),
        }
    }

    /// Waits until one more refresh may be under way.
    pub(crate) async fn enter(&self, trigger: Trigger) -> Permit<'_> {
        self.refreshes.permit(trigger).await
    }

    /// Waits until one more exchange may start. It is under way until its permit is dropped.
    pub(crate) async fn start(&self, trigger: Trigger) -> Permit<'_> {
        let permit = self.exchanges.permit(trigger).await;
        self.wait_to_start(trigger).await;
        permit
    }

    /// Waits for the rate, and for a pause to end. Only who has to wait joins the queue: its lock
    /// is handed to the next one, who has to be scheduled first, so once somebody waited there, all
    /// others would have to.
    async fn wait_to_start(&self, trigger: Trigger) {
        let queue = match trigger {
            Trigger::Caller => &self.callers,
            Trigger::Background => &self.in_background,
        };
        if queue.is_empty() && self.try_start(trigger).is_ok() {
            return;
        }
        let _waiting = queue.join();
        let _next = queue.next.lock().await;
        while let Err(wait) = self.try_start(trigger) {
            tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
        }
    }

    /// Starts one exchange, or returns how long to wait. While callers wait too, the two kinds take
    /// turns.
    fn try_start(&self, trigger: Trigger) -> Result<(), Duration> {
        let is_callers_turn = self.callers_turn.load(Ordering::Acquire);
        let is_background = trigger == Trigger::Background;
        if is_background && is_callers_turn && !self.callers.is_empty() {
            return Err(AFTER_A_CALLER);
        }
        self.probe()?;
        self.limit()?;
        if is_callers_turn != is_background {
            self.callers_turn.store(is_background, Ordering::Release);
        }
        Ok(())
    }

    fn limit(&self) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        limiter
            .check()
            .map_err(|early| early.wait_time_from(limiter.clock().now()))
    }

    fn probe(&self) -> Result<(), Duration> {
        let mut pause = self.lock();
        let Some(asked) = pause.as_mut() else {
            return Ok(());
        };
        let now = self.clock.now().elapsed;
        if now >= asked.until {
            *pause = None;
            return Ok(());
        }
        if now < asked.next_probe {
            return Err(asked.next_probe.saturating_sub(now));
        }
        asked.next_probe = now.saturating_add(BETWEEN_PROBES);
        Ok(())
    }

    /// Ends these limits if the next exchange would have nothing to wait for. Returns whether it
    /// did: a start was used up then.
    pub(crate) fn retire(&self) -> bool {
        let now = self.clock.now().elapsed;
        let is_paused = self.lock().is_some_and(|pause| now < pause.until);
        let limiter = self.limiter.as_ref();
        !is_paused && limiter.is_none_or(|limiter| limiter.check().is_ok())
    }

    /// Notes that an exchange failed. A `Retry-After` slows the whole deployment down.
    pub(crate) fn failed(&self, error: &Error) {
        let Some(after) = asked_pause(error) else {
            return;
        };
        let now = self.clock.now().elapsed;
        let mut pause = self.lock();
        let until = now.saturating_add(after.min(LONGEST_PAUSE));
        let until = pause.map_or(until, |earlier| earlier.until.max(until));
        *pause = Some(Pause {
            since: now,
            until,
            next_probe: now.saturating_add(after.min(BETWEEN_PROBES)),
        });
    }

    /// Notes that the vendor issued a token. If that was asked for during the pause, the pause is
    /// over: the vendor meant another account.
    pub(crate) fn succeeded(&self, begun: Duration) {
        self.lock().take_if(|pause| pause.since <= begun);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limit {
    fn new(at_once: usize) -> Self {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            all: Semaphore::new(at_once),
            background: Semaphore::new(at_once - at_once / 8),
        }
    }

    /// Waits for a permit. A caller waits for few others only.
    async fn permit(&self, trigger: Trigger) -> Permit<'_> {
        // They are never closed.
        let background = match trigger {
            Trigger::Caller => None,
            Trigger::Background => self.background.acquire().await.ok(),
        };
        Permit([background, self.all.acquire().await.ok()])
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    fn join(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(self)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Returns the pause that the vendor asked for because it is busy, not because of the account.
fn asked_pause(error: &Error) -> Option<Duration> {
    let is_busy = matches!(error.kind(), ErrorKind::Throttled { .. })
        || error.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
    error.retry_after().filter(|_| is_busy)
}

/// The clock of the pool, as governor reads it.
#[derive(Clone, Debug)]
pub(crate) struct GovernorClock(CacheClock);

impl governor::clock::Clock for GovernorClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().elapsed
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::thread;

    use super::*;

    fn starts_at_once(admission: &Admission) -> bool {
        let start = pin!(admission.start(Trigger::Caller));
        start
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }

    #[test]
    fn without_a_rate_no_thread_waits_for_the_start_of_another() {
        let admission = Admission::new(64, None, CacheClock::System);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert!((0..100_000).all(|_| starts_at_once(&admission))));
            }
        });
    }
}
