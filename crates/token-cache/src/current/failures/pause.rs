//! How long to back off: a pure function of the failure, the cached token, and the time.

use std::time::Duration;

use token_core::{Error, ErrorKind, Rotation, Step};

use crate::current::cached_token::Life;

/// One more failure.
pub(crate) struct NewFailure<'a> {
    pub(crate) error: &'a Error,
    pub(crate) rotation: Rotation,
    /// The life of the cached token.
    pub(crate) life: Life,
    /// The elapsed time.
    pub(crate) now: Duration,
    /// When the exchange began, in elapsed time: the vendor may have acted from then on.
    pub(crate) sent: Duration,
    /// A random number.
    pub(crate) drawn: u32,
    pub(crate) brought: Brought,
}

/// What a failed exchange brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brought {
    Nothing,
    /// A token that had expired when it arrived: the vendor may have a newer one in a moment.
    ExpiredToken,
}

/// Without a live token, the pause after a temporary failure is at most this long, and at most an
/// eighth of a token's life.
pub(super) const LONGEST_WITHOUT_TOKEN: Duration = Duration::from_secs(10);
const SHARE_OF_LIFE: u32 = 8;
/// How long a refresh token that may have been spent rests while the access token lives.
const REST_WITH_TOKEN: Duration = Duration::from_secs(300);
/// The same when it does not. An owner that meets a doubt of another waits as long at least:
/// `refresh/doubt.rs`.
const REST_WITHOUT_TOKEN: Duration = Duration::from_secs(15);

/// No exchange before its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    /// When the exchange failed, in elapsed time.
    pub(super) at: Duration,
    /// Our own pause.
    pub(super) step: Duration,
    /// Until when the vendor asked not to be called.
    pub(super) asked_until: Option<Duration>,
    /// Whether there was a live token when the exchange failed.
    pub(super) had_usable: bool,
    /// How long our own pause may be while there is no live token.
    pub(super) longest_without_token: Duration,
    pub(super) doubt: Option<Doubt>,
}

/// A refresh token was sent, and nobody knows whether the vendor took it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    since: Duration,
    /// When it was sent for the first time: the vendor may have taken it then, and its grace period
    /// counts from there.
    first_sent: Duration,
    /// For this long it can be sent again at once.
    grace: Duration,
}

impl Doubt {
    /// Returns the doubt that a failure leaves, if any.
    pub(super) fn of(failed: &NewFailure<'_>) -> Option<Self> {
        let spent =
            failed.error.kind() == ErrorKind::InDoubt && failed.error.step() != Some(Step::Login);
        let grace = match failed.rotation {
            Rotation::Idempotent => return None,
            Rotation::Grace(grace) => grace,
            _ => Duration::ZERO,
        };
        spent.then_some(Self {
            since: failed.now,
            first_sent: failed.sent,
            grace,
        })
    }

    /// Returns the same for a token that was in doubt before.
    pub(super) fn after(self, earlier: Option<Self>) -> Self {
        Self {
            first_sent: earlier.map_or(self.first_sent, |earlier| earlier.first_sent),
            ..self
        }
    }

    fn until(&self, life: &Life, now: Duration) -> Duration {
        if now.saturating_sub(self.first_sent) < self.grace {
            return Duration::ZERO;
        }
        match life.usable {
            true => self
                .since
                .saturating_add(REST_WITH_TOKEN)
                .min(now.saturating_add(life.left)),
            // No live access token could be lost: only a single-use refresh token gets time for its
            // first answer.
            false if !self.grace.is_zero() => Duration::ZERO,
            false => self.since.saturating_add(REST_WITHOUT_TOKEN),
        }
    }
}

impl Pause {
    /// Returns one that is over at this elapsed time.
    pub(super) fn none(now: Duration) -> Self {
        Self {
            at: now,
            step: Duration::ZERO,
            asked_until: None,
            had_usable: false,
            longest_without_token: Duration::MAX,
            doubt: None,
        }
    }

    /// Returns the elapsed time before which no exchange starts.
    pub(super) fn until(&self, life: &Life, now: Duration) -> Duration {
        let rest = self
            .doubt
            .map_or(Duration::ZERO, |doubt| doubt.until(life, now));
        self.our_own(life, now)
            .max(rest)
            .max(self.asked_until.unwrap_or_default())
    }

    pub(super) fn forget_our_own(&mut self) {
        self.step = Duration::ZERO;
    }

    /// Our own pause never outlasts the token: at its end there is one attempt.
    fn our_own(&self, life: &Life, now: Duration) -> Duration {
        if life.usable {
            let end = now.saturating_add(life.left);
            return self.at.saturating_add(self.step).min(end);
        }
        if self.had_usable {
            return self.at;
        }
        self.at
            .saturating_add(self.step.min(self.longest_without_token))
    }
}

/// Returns the longest pause without a live token after a temporary failure, for tokens of this
/// life.
pub(super) fn longest_without_token(life: Duration) -> Duration {
    match life.is_zero() {
        true => LONGEST_WITHOUT_TOKEN,
        false => LONGEST_WITHOUT_TOKEN.min(life / SHARE_OF_LIFE),
    }
}
