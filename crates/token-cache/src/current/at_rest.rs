//! What stays of a grant's state while no engine works for it.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use token_core::{ClockReading, Error, ErrorKind};

use super::Current;
use super::cached_token::CachedToken;
use super::failures::Failures;
use super::log::Log;
use super::next_exchange::paused_until;
use super::session::logged_out;

/// The state of a grant without an engine.
#[derive(Debug)]
pub(crate) struct AtRest {
    pub(crate) cached: Arc<CachedToken>,
    /// What is out of order, if anything.
    pub(crate) trouble: Option<Box<Trouble>>,
}

/// What is out of order with a grant.
#[derive(Debug)]
pub(crate) struct Trouble {
    failures: Failures,
    logged_out: bool,
    /// When the store was last looked at for callers without a token, in milliseconds of elapsed
    /// time.
    looked_at: u64,
    log: Log,
}

impl Current {
    /// Ends this state.
    pub(crate) fn take_rest(&mut self, looked_at: u64) -> AtRest {
        let logged_out = self.is_logged_out();
        let in_order = self.failures.is_empty() && !logged_out;
        AtRest {
            cached: self.cached(),
            trouble: (!in_order).then(|| {
                Box::new(Trouble {
                    failures: mem::take(&mut self.failures),
                    logged_out,
                    looked_at,
                    log: mem::take(&mut self.log),
                })
            }),
        }
    }

    /// Goes on with what was there before. Returns when the store was last looked at.
    pub(crate) fn resume(&mut self, rest: AtRest) -> u64 {
        self.cached = ArcSwap::new(rest.cached);
        let Some(trouble) = rest.trouble else {
            return 0;
        };
        self.failures = trouble.failures;
        self.logged_out = AtomicBool::new(trouble.logged_out);
        self.log = trouble.log;
        trouble.looked_at
    }

    /// Returns why a person has to log in again, if that is so, as far as this process knows.
    pub(crate) fn needs_login(&self) -> Option<Error> {
        let is_logged_out = self.is_logged_out() && !self.has_login();
        self.refusal()
            .or_else(|| is_logged_out.then(|| logged_out(ErrorKind::Rejected).with_key(self.key())))
    }
}

/// What a program is told of a grant without an engine.
#[derive(Debug)]
pub(crate) struct ToldAtRest {
    /// How much is left of the pause before the next exchange.
    pub(crate) pause: Option<Duration>,
    pub(crate) last_error: Option<Error>,
    pub(crate) logged_out: bool,
}

impl ToldAtRest {
    pub(crate) fn of(cached: &CachedToken, trouble: Option<&Trouble>, now: &ClockReading) -> Self {
        let failures = trouble.map(|trouble| &trouble.failures);
        let pause = paused_until(cached, failures, now);
        let pause = pause.map(|until| until.saturating_sub(now.elapsed));
        let last = |failures: &Failures| {
            let last = failures.last()?;
            Some(pause.map_or(last.clone(), |left| last.with_retry_after(left)))
        };
        Self {
            pause,
            last_error: failures.and_then(|failures| failures.refusal().or_else(|| last(failures))),
            logged_out: trouble.is_some_and(|trouble| trouble.logged_out),
        }
    }
}

impl AtRest {
    /// Whether the refresh token was sent, and nobody knows whether the vendor took it.
    pub(crate) fn is_in_doubt(&self) -> bool {
        let trouble = self.trouble.as_ref();
        trouble.is_some_and(|trouble| trouble.failures.is_in_doubt())
    }

    /// Whether it knows of failures.
    pub(crate) fn has_failed(&self) -> bool {
        let trouble = self.trouble.as_ref();
        trouble.is_some_and(|trouble| !trouble.failures.is_empty())
    }

    /// Whether it knows of failures that the store does not tell of.
    pub(crate) fn has_failed_here(&self) -> bool {
        let trouble = self.trouble.as_ref();
        trouble.is_some_and(|trouble| trouble.failures.has_own())
    }
}
