//! What must hold while the store is unavailable, and after it is back.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::time::Instant;
use vendor_auth::cache::Event;
use vendor_auth::types::{ErrorKind, Generation};

use super::callers::{CallStats, Callers};
use super::host::{Host, TimedEvent};

/// In the text of the error if a refresh token was sent although no store could take the result.
pub(super) const SPENT: &str = "a token was spent without a store";

/// Callers that ask less often see too little. They ask 200 times a second on an idle machine.
const TIMES_A_SECOND: u64 = 20;

/// The observations of one host.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    pub(super) stats: CallStats,
    pub(super) events: Vec<TimedEvent>,
}

/// The observations at the end of the outage.
#[derive(Clone, Debug)]
pub(super) struct Away {
    pub(super) lasts: Duration,
    /// The generation after the one that everybody had.
    pub(super) next: Generation,
    /// Requests for a token that reached a vendor meanwhile.
    pub(super) exchanges: usize,
    pub(super) holder: Observed,
    pub(super) bystander: Observed,
    pub(super) latecomer: Observed,
}

/// The observations after all hosts had time to recover.
#[derive(Clone, Debug)]
pub(super) struct Back {
    pub(super) next: Generation,
    pub(super) shared: Grant,
    pub(super) expired: Grant,
    pub(super) holder: Observed,
    pub(super) bystander: Observed,
    pub(super) latecomer: Observed,
}

/// The outcome of a grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    pub(super) exchanges: usize,
    pub(super) issued: usize,
    pub(super) stored: Option<Generation>,
}

impl Away {
    pub(super) fn judge(&self) -> Result<()> {
        ensure!(
            self.exchanges == 0,
            "{SPENT}, in {} exchanges",
            self.exchanges
        );
        self.callers_with_a_live_token("holder", &self.holder)?;
        self.callers_with_a_live_token("bystander", &self.bystander)?;
        self.holder().context("the holder")?;
        self.bystander().context("the bystander")?;
        self.latecomer().context("the latecomer")
    }

    fn callers_with_a_live_token(&self, who: &'static str, observed: &Observed) -> Result<()> {
        let enough = self.lasts.as_secs() * TIMES_A_SECOND;
        let times = observed.stats.times;
        ensure!(times >= enough, "the {who} was asked only {times} times");
        observed.never_waits().context(who)
    }

    fn holder(&self) -> Result<()> {
        let unpersisted = |event: &Event| matches!(event, Event::PersistFailed { generation, .. } if *generation == self.next);
        ensure!(
            self.holder.was_told(unpersisted),
            "did not say that the store has not acknowledged the token"
        );
        ensure!(
            self.holder.persisted(self.next).is_none(),
            "says that the store acknowledged the token: it was not away"
        );
        ensure!(
            self.holder.has(self.next),
            "did not serve the new token from memory"
        );
        Ok(())
    }

    fn bystander(&self) -> Result<()> {
        let store_failed = |event: &Event| matches!(event, Event::Failed { error, .. } if error.kind() == ErrorKind::Store);
        ensure!(
            self.bystander.was_told(store_failed),
            "never tried to refresh: its token was not due"
        );
        ensure!(
            !self.bystander.has(self.next),
            "has a token that it cannot have from a store"
        );
        Ok(())
    }

    fn latecomer(&self) -> Result<()> {
        ensure!(
            self.latecomer.stats.handed.is_empty(),
            "has a token although its own had expired"
        );
        ensure!(
            self.latecomer.stats.refused() > 0,
            "got no answer within its deadline"
        );
        self.latecomer.is_told_to_ask_again()
    }
}

impl Back {
    pub(super) fn judge(&self) -> Result<()> {
        ensure!(
            self.holder.persisted(self.next).is_some(),
            "the holder's commit was not written"
        );
        self.shared
            .went_on_once(self.next)
            .context("the shared grant")?;
        self.expired
            .went_on_once(self.next)
            .context("the latecomer's grant")?;
        for (who, observed) in self.hosts() {
            ensure!(observed.has(self.next), "the {who} has no newer token");
            observed.nothing_was_lost().context(who)?;
        }
        self.holder.never_waits().context("the holder")?;
        self.bystander.never_waits().context("the bystander")?;
        ensure!(
            self.latecomer.stats.expired == 0,
            "the latecomer was handed an expired token"
        );
        self.latecomer
            .is_told_to_ask_again()
            .context("the latecomer")
    }

    fn hosts(&self) -> [(&'static str, &Observed); 3] {
        [
            ("holder", &self.holder),
            ("bystander", &self.bystander),
            ("latecomer", &self.latecomer),
        ]
    }
}

impl Grant {
    /// Checks that one exchange brought one token, which is what the store holds.
    fn went_on_once(&self, next: Generation) -> Result<()> {
        ensure!(
            (self.exchanges, self.issued) == (1, 1),
            "{} exchanges brought {} tokens",
            self.exchanges,
            self.issued
        );
        ensure!(
            self.stored == Some(next),
            "the store holds {:?} and not generation {next}",
            self.stored
        );
        Ok(())
    }
}

impl Observed {
    pub(super) fn of(host: &Host, callers: &Callers) -> Self {
        Self {
            stats: callers.so_far(),
            events: host.events(),
        }
    }

    /// Returns when the store acknowledged this generation to this host.
    pub(super) fn persisted(&self, next: Generation) -> Option<Instant> {
        let events = self.events.iter().find(
            |events| matches!(events.event, Event::Persisted { generation } if generation == next),
        );
        events.map(|events| events.at)
    }

    fn has(&self, generation: Generation) -> bool {
        self.stats.first_of(generation).is_some()
    }

    fn was_told(&self, what: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(|events| what(&events.event))
    }

    fn never_waits(&self) -> Result<()> {
        let stats = &self.stats;
        ensure!(
            stats.waited == 0,
            "{} of {} callers waited",
            stats.waited,
            stats.times
        );
        ensure!(stats.expired == 0, "an expired token was handed out");
        match stats.refusals.first() {
            Some(refusal) => bail!("a live token was replaced by an error: {}", refusal.error),
            None => Ok(()),
        }
    }

    /// Checks that every error blames the store, and says that a retry helps.
    fn is_told_to_ask_again(&self) -> Result<()> {
        let other = self.stats.refusals.iter().find(|refusal| {
            let kind = refusal.error.kind();
            kind != ErrorKind::Store || !kind.is_retryable()
        });
        match other {
            Some(other) => bail!(
                "got another error: {:?}, {}",
                other.error.kind(),
                other.error
            ),
            None => Ok(()),
        }
    }

    fn nothing_was_lost(&self) -> Result<()> {
        let bad = self.events.iter().find(|events| {
            matches!(
                events.event,
                Event::Superseded { .. } | Event::Rewritten { .. } | Event::Rejected { .. }
            )
        });
        match bad {
            Some(events) => bail!("says {:?}", events.event),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
