//! What the store holds, and when it is adopted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use token_core::store::{Entry, Intent, StoreError};
use token_core::{Error, Generation, Token};

use crate::decide::Decision;
use crate::events::Origin;
use crate::fingerprint::fingerprint;
use crate::job::Job;
use crate::record;

/// One look at the store.
pub(crate) struct Stored {
    entry: Entry,
}

impl Stored {
    pub(crate) async fn load(job: &Job) -> Result<Self, StoreError> {
        let entry = job.in_time(job.store.load(&job.key)).await?;
        Ok(Self::of(entry))
    }

    /// What the store told with another answer.
    pub(crate) fn of(entry: Entry) -> Self {
        Self { entry }
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }

    pub(crate) fn is_tombstoned(&self) -> bool {
        self.entry.tombstoned
    }

    /// Whether nothing was ever stored.
    pub(crate) fn is_empty(&self) -> bool {
        self.entry.record.is_none() && !self.entry.tombstoned
    }

    pub(crate) fn seen(&self) -> Option<Generation> {
        self.entry.generation()
    }

    /// What a new login goes on after: what is stored, or what a logout removed. Who missed the
    /// logout would otherwise take the new grant for an ancestor of the old one.
    pub(crate) fn newest_generation(&self) -> Option<Generation> {
        self.seen().or(self.entry.tombstoned_generation)
    }

    /// How long ago another holder declared that it spends this very token; `None` if none did. The
    /// generation counts too: a vendor that keeps its refresh token gives parent and child one
    /// fingerprint.
    pub(crate) fn spent_by_another(&self, job: &Job, token: &Token) -> Option<Duration> {
        let intent = self.entry.intent.as_ref()?;
        let is_this = intent.fingerprint == Some(fingerprint(&job.key, token))
            && intent.generation == token.generation();
        (is_of_another(intent, job) && is_this).then_some(self.entry.intent_age)
    }

    /// Another holder's intent to spend the stored record.
    pub(crate) fn doubt(&self, job: &Job) -> Option<&Intent> {
        let intent = self.entry.intent.as_ref()?;
        let record = self.entry.record.as_ref()?;
        let is_this = intent.fingerprint == Some(record.fingerprint)
            && intent.generation == record.generation;
        (is_of_another(intent, job) && is_this).then_some(intent)
    }

    /// Takes the stored token over where it is newer than the one in hand, or is another of the
    /// same generation: what is stored counts. Any other is better than a dead one.
    pub(crate) fn adopt(&self, job: &Job) -> Result<Adopted, Error> {
        self.adopt_if(job, |token| is_newer(token, job) || job.is_dead())
    }

    /// Takes any stored token over but the one in hand, which was refused.
    pub(crate) fn adopt_in_place_of_refused(&self, job: &Job) -> Result<Adopted, Error> {
        self.adopt_if(job, |_| true)
    }

    fn adopt_if(&self, job: &Job, better: impl FnOnce(&Token) -> bool) -> Result<Adopted, Error> {
        job.initial.seen(&self.entry);
        if self.entry.tombstoned {
            return Err(job.logged_out());
        }
        let Some(record) = &self.entry.record else {
            return Ok(Adopted::Nothing);
        };
        let now = job.clock.now();
        let token = record::read(record, self.entry.record_age, now.wall)
            .map_err(|error| error.to_error())?;
        // A tombstone that is gone again, such as one that no replica had, gives the token in hand
        // its life back.
        let is_in_hand = is_in_hand(&token, job) && !job.tombstoned.load(Ordering::Acquire);
        if is_in_hand || !better(&token) {
            return Ok(Adopted::Nothing);
        }
        let before = job.held();
        job.publish(token, now, Origin::Store);
        if Arc::ptr_eq(&before, &job.held()) {
            // It is over and the one in hand is not; or a logout came in between.
            return Ok(Adopted::Nothing);
        }
        Ok(match job.decide_alone() {
            Decision::Use => Adopted::Fresh,
            _ => Adopted::Due,
        })
    }

    /// Looks again when the store may hold something else. A hint that came too early is not asked
    /// for again without a pause.
    pub(crate) async fn next(&self, job: &Job, at_most: Duration) -> Result<Self, StoreError> {
        const SHORTEST: Duration = Duration::from_millis(10);
        let pause = tokio::time::sleep(SHORTEST.min(at_most));
        let hint = job.store.wait_for_change(&job.key, self.seen(), at_most);
        let hint = tokio::time::timeout(at_most, hint).await.ok().flatten();
        let next = match hint {
            Some(entry) => Ok(Self::of(entry)),
            None => Self::load(job).await,
        };
        let in_vain = next
            .as_ref()
            .map_or(true, |next| next.seen() == self.seen());
        if in_vain {
            pause.await;
        }
        next
    }
}

/// What was taken over from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adopted {
    Nothing,
    /// A token that is to be refreshed itself.
    Due,
    /// A token that makes a flight needless.
    Fresh,
}

/// Whether the intent is another holder's, or stands for one.
fn is_of_another(intent: &Intent, job: &Job) -> bool {
    intent.owner != job.owner || job.inherits_doubt.load(Ordering::Acquire)
}

fn is_in_hand(token: &Token, job: &Job) -> bool {
    let same = |current: Token| {
        current.generation() == token.generation() && token.same_secrets_as(&current)
    };
    job.current().is_some_and(same)
}

fn is_newer(token: &Token, job: &Job) -> bool {
    job.current()
        .is_none_or(|current| token.generation() >= current.generation())
}
