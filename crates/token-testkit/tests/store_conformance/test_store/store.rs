use std::fmt;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use token_core::reexports::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use token_core::{Generation, Timestamp, TokenKey};

use super::{Flaw, Place};

#[async_trait]
impl TokenStore for Place {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        self.slot(key, |slot, now| self.entry_of(slot, now))
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let seen = self.slot(key, |slot, now| self.lease_of(slot, now))?;
        self.pause_if(Flaw::AcquiresInTwoSteps).await;
        self.slot(key, |slot, now| {
            let current = self.lease_of(slot, now);
            let current = if self.has(Flaw::AcquiresInTwoSteps) {
                seen
            } else {
                current
            };
            if let Some((holder, end)) = current.filter(|_| !self.has(Flaw::LeasesToEverybody)) {
                if holder != *owner {
                    let whole = self.has(Flaw::AlwaysAWholeLifeLeft);
                    return Acquired::Busy {
                        left: if whole { life } else { end.saturating_sub(now) },
                        entry: self.told(slot, now, Flaw::TellsWhoWaitsNothing),
                    };
                }
                if self.has(Flaw::OldLifeOnReacquire) {
                    return Acquired::Held(self.entry_of(slot, now));
                }
            }
            slot.lease = Some((owner.clone(), now + life));
            Acquired::Held(self.told(slot, now, Flaw::TellsTheHolderNothing))
        })
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        self.slot(key, |slot, now| {
            let mine = slot
                .lease
                .as_ref()
                .is_some_and(|(holder, _)| holder == owner);
            let held = self.holds(slot, owner, now) || (mine && self.has(Flaw::RenewsWhatRanOut));
            if held && !self.has(Flaw::OldLifeOnRenew) {
                slot.lease = Some((owner.clone(), now + life));
            }
            if held { Renewed::Held } else { Renewed::Lost }
        })
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let anybody = self.has(Flaw::AnybodyReleases);
        let is_told = !self.has(Flaw::ReleasesWakeNobody);
        self.slot(key, |slot, _| {
            let released = slot.lease.take_if(|(holder, _)| holder == owner || anybody);
            slot.releases += u32::from(released.is_some() && is_told);
        })?;
        self.wake_all();
        Ok(())
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        self.slot(key, |slot, now| {
            if !self.holds(slot, &intent.owner, now) && !self.has(Flaw::IntendsWithoutLease) {
                return Intended::LeaseLost;
            }
            let mut written = intent.clone();
            if self.has(Flaw::NamesTheIntentAnew) {
                written.owner = Owner::named("somebody");
            }
            if self.has(Flaw::ForgetsTheIntentsGeneration) {
                written.generation = Generation::default();
            }
            slot.intent = Some((written, now));
            Intended::Written
        })
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let anybody = self.has(Flaw::AnybodyWithdraws);
        self.slot(key, |slot, _| {
            _ = slot
                .intent
                .take_if(|(intent, _)| intent.owner == *owner || anybody);
        })
    }

    async fn commit(
        &self,
        key: &TokenKey,
        by: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let seen = self.slot(key, |slot, _| self.verdict(slot, by, record))?;
        self.pause_if(Flaw::CommitsInTwoSteps).await;
        let committed = self.slot(key, |slot, now| {
            let verdict = self.verdict(slot, by, record);
            let verdict = if self.has(Flaw::CommitsInTwoSteps) {
                seen
            } else {
                verdict
            };
            if self.has(Flaw::CommitNeedsTheLease) && self.lease_of(slot, now).is_some() {
                return Committed::Lost;
            }
            if verdict == Committed::Stored {
                self.write(slot, now, record);
            }
            verdict
        });
        if !self.has(Flaw::WakesNobody) {
            self.wake_all();
        }
        committed
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        if self.has(Flaw::BuriesEverything) {
            self.slots()
                .by_key
                .values_mut()
                .for_each(|slot| slot.tombstoned = true);
        }
        let seen = self.slot(key, |slot, _| slot.record.clone())?;
        self.pause_if(Flaw::LogsOutInTwoSteps).await;
        self.slot(key, |slot, _| self.entomb(slot, seen))
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        self.page(before, limit, after)
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        let end = self.clock().now + at_most;
        let seen = if self.has(Flaw::WaitsForTheNext) {
            self.generation(key)
        } else {
            seen
        };
        let releases = self.releases(key);
        poll_fn(|context| {
            let late = self.clock().now >= end && !self.has(Flaw::WaitsForEver);
            if late || self.generation(key) != seen || self.releases(key) != releases {
                return Poll::Ready(());
            }
            self.clock().waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await;
        match self.flaw {
            Flaw::TellsAnOldEntry => Some(Entry::default()),
            _ => self.load(key).await.ok(),
        }
    }
}

impl Place {
    fn generation(&self, key: &TokenKey) -> Option<Generation> {
        let slot = self.slots().by_key.get(&self.name(key)).cloned();
        slot?.record.map(|record| record.generation)
    }

    fn releases(&self, key: &TokenKey) -> u32 {
        let slot = self.slots().by_key.get(&self.name(key)).cloned();
        slot.unwrap_or_default().releases
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.slots();
        let records = slots
            .by_key
            .values()
            .filter_map(|slot| slot.record.as_ref());
        match self.flaw {
            Flaw::DebugShowsBodies => f
                .debug_list()
                .entries(records.map(|record| record.body.expose()))
                .finish(),
            _ => write!(f, "Place({} records)", records.count()),
        }
    }
}
