//! How long to hold off: a pure function of the failure, the token in hand, and the time.

use std::time::Duration;

use token_core::{ErrorKind, Rotation, Step};

use super::Failed;

/// Without a live token, a failure that passes by itself is not waited out for longer than this,
/// nor for longer than an eighth of a token's life.
pub(super) const LONGEST_WITHOUT_TOKEN: Duration = Duration::from_secs(10);
const SHARE_OF_LIFE: u32 = 8;
/// How long a refresh token that may have been spent rests while the access token lives.
const REST_WITH_TOKEN: Duration = Duration::from_secs(300);
/// And when it does not.
const REST_WITHOUT_TOKEN: Duration = Duration::from_secs(15);

/// What a pause has to know of the token in hand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InHand {
    /// Whether it is neither expired nor refused.
    pub(crate) usable: bool,
    /// How long it still lives; zero if it is not usable.
    pub(crate) left: Duration,
    /// How long it lives in all; zero if there was never one.
    pub(crate) life: Duration,
}

/// No exchange before its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    /// When the exchange failed, in elapsed time.
    pub(super) at: Duration,
    /// Our own pause.
    pub(super) step: Duration,
    /// Until when the vendor asked to be left alone.
    pub(super) asked_until: Option<Duration>,
    /// Whether a live token was in hand when the exchange failed.
    pub(super) had_usable: bool,
    /// How long our own pause may be while there is no live token.
    pub(super) longest_without_token: Duration,
    pub(super) doubt: Option<Doubt>,
}

/// A refresh token was sent, and nobody knows whether the vendor took it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    since: Duration,
    /// When it was sent for the first time: the vendor may have taken it then, and its grace counts
    /// from there.
    first_sent: Duration,
    /// For so long it can be sent again at once.
    grace: Duration,
}

impl Doubt {
    /// The doubt that a failure leaves, if it does.
    pub(super) fn of(failed: &Failed<'_>) -> Option<Self> {
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

    /// The same where the token was in doubt before.
    pub(super) fn after(self, earlier: Option<Self>) -> Self {
        Self {
            first_sent: earlier.map_or(self.first_sent, |earlier| earlier.first_sent),
            ..self
        }
    }

    fn until(&self, hand: &InHand, now: Duration) -> Duration {
        if now.saturating_sub(self.first_sent) < self.grace {
            return Duration::ZERO;
        }
        match hand.usable {
            true => self
                .since
                .saturating_add(REST_WITH_TOKEN)
                .min(now.saturating_add(hand.left)),
            // No living access token could end with it: only one that works once is given time for
            // its first answer.
            false if !self.grace.is_zero() => Duration::ZERO,
            false => self.since.saturating_add(REST_WITHOUT_TOKEN),
        }
    }
}

impl Pause {
    /// Until which elapsed time no exchange is made.
    pub(super) fn until(&self, hand: &InHand, now: Duration) -> Duration {
        let rest = self
            .doubt
            .map_or(Duration::ZERO, |doubt| doubt.until(hand, now));
        self.our_own(hand, now)
            .max(rest)
            .max(self.asked_until.unwrap_or_default())
    }

    pub(super) fn forget_our_own(&mut self) {
        self.step = Duration::ZERO;
    }

    /// No pause of our own outlasts the token: at its end there is one attempt.
    fn our_own(&self, hand: &InHand, now: Duration) -> Duration {
        if hand.usable {
            let end = now.saturating_add(hand.left);
            return self.at.saturating_add(self.step).min(end);
        }
        if self.had_usable {
            return self.at;
        }
        self.at
            .saturating_add(self.step.min(self.longest_without_token))
    }
}

/// The same for tokens of this life, in a failure that passes by itself.
pub(super) fn longest_without_token(life: Duration) -> Duration {
    match life.is_zero() {
        true => LONGEST_WITHOUT_TOKEN,
        false => LONGEST_WITHOUT_TOKEN.min(life / SHARE_OF_LIFE),
    }
}
