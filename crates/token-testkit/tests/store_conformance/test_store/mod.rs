//! A store in memory that keeps every law, or breaks one on purpose.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

mod due;
mod flaw;
mod rule;
mod store;

pub(crate) use flaw::Flaw;

use token_core::reexports::async_trait;
use token_core::store::{Entry, Intent, Owner, Record, StoreError, TokenStore};
use token_core::{Generation, Secret, Timestamp, TokenKey};
use token_testkit::{Handles, StorePlace};

/// Several stores in one process, with a manual clock.
#[derive(Clone)]
pub(crate) struct Place {
    slots: Arc<Mutex<Slots>>,
    clock: Arc<Mutex<Clock>>,
    flaw: Flaw,
    handles: Handles,
}

#[derive(Default)]
struct Slots {
    by_key: HashMap<String, Slot>,
}

#[derive(Default)]
struct Clock {
    now: Duration,
    waiting: Vec<Waker>,
}

#[derive(Clone, Default)]
struct Slot {
    record: Option<Record>,
    committed_at: Duration,
    tombstoned: bool,
    removed: Option<Record>,
    intent: Option<(Intent, Duration)>,
    lease: Option<(Owner, Duration)>,
    releases: u32,
    first_due_at: Option<Timestamp>,
}

impl Place {
    pub(crate) fn with(flaw: Flaw) -> Self {
        Self {
            slots: Arc::default(),
            clock: Arc::default(),
            flaw,
            handles: Handles::Shared,
        }
    }

    pub(crate) fn apart(self, why: &'static str) -> Self {
        Self {
            handles: Handles::Apart(why),
            ..self
        }
    }
}

#[async_trait]
impl StorePlace for Place {
    async fn open(&self) -> Arc<dyn TokenStore> {
        match self.flaw {
            Flaw::HandlesAreApart => Arc::new(Self {
                slots: Arc::default(),
                ..self.clone()
            }),
            _ => Arc::new(self.clone()),
        }
    }

    async fn pass(&self, span: Duration) {
        self.clock().now += span;
        self.wake_all();
    }

    fn handles(&self) -> Handles {
        self.handles
    }

    fn lists_due(&self) -> bool {
        !self.has(Flaw::DueIsUnsupported) && !self.has(Flaw::DueIsSupportedAfterAll)
    }

    fn patience(&self) -> Duration {
        match self.flaw {
            Flaw::None => Duration::from_secs(10),
            _ => Duration::from_millis(50),
        }
    }
}

impl Place {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap()
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap()
    }

    fn wake_all(&self) {
        let waiting = std::mem::take(&mut self.clock().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn name(&self, key: &TokenKey) -> String {
        match self.flaw {
            Flaw::KeysAreLowerCase => key.as_str().to_lowercase(),
            _ => key.as_str().to_owned(),
        }
    }

    fn slot<T>(
        &self,
        key: &TokenKey,
        change: impl FnOnce(&mut Slot, Duration) -> T,
    ) -> Result<T, StoreError> {
        let now = self.clock().now;
        let mut slots = self.slots();
        Ok(change(slots.by_key.entry(self.name(key)).or_default(), now))
    }

    fn holds(&self, slot: &Slot, owner: &Owner, now: Duration) -> bool {
        self.lease_of(slot, now)
            .is_some_and(|(holder, _)| holder == *owner)
    }

    fn lease_of(&self, slot: &Slot, now: Duration) -> Option<(Owner, Duration)> {
        let lease = slot.lease.clone();
        lease.filter(|(_, end)| *end > now || self.has(Flaw::LeasesNeverEnd))
    }

    fn entry_of(&self, slot: &Slot, now: Duration) -> Entry {
        let mut entry = Entry::default();
        entry.record = slot.record.clone();
        entry.record_age = now - slot.committed_at;
        entry.intent = slot.intent.as_ref().map(|(intent, _)| intent.clone());
        entry.intent_age = slot
            .intent
            .as_ref()
            .map(|(_, at)| now - *at)
            .unwrap_or_default();
        entry.tombstoned = slot.tombstoned;
        entry.tombstoned_generation = slot.removed.as_ref().map(|record| record.generation);
        entry.tombstoned_initial = slot.removed.as_ref().and_then(|record| record.initial);
        match self.flaw {
            Flaw::RecordsDoNotAge => entry.record_age = Duration::ZERO,
            Flaw::IntentsDoNotAge => entry.intent_age = Duration::ZERO,
            Flaw::IntentDiesWithTheLease if self.lease_of(slot, now).is_none() => {
                entry.intent = None;
            }
            Flaw::InventsARecord => entry.tombstoned = true,
            Flaw::ForgetsWhatItRemoved => entry.tombstoned_generation = None,
            Flaw::ForgetsTheInitialToken => entry.tombstoned_initial = None,
            _ => {}
        }
        entry
    }

    /// Returns the entry that comes with the answer about the lease.
    fn told(&self, slot: &Slot, now: Duration, nothing: Flaw) -> Entry {
        match self.has(nothing) {
            true => Entry::default(),
            false => self.entry_of(slot, now),
        }
    }

    fn kept(&self, record: &Record) -> Record {
        let (mut kept, number) = (record.clone(), record.generation.number());
        match self.flaw {
            Flaw::RoundsTheGeneration => kept.generation = Generation::new(number & !1),
            Flaw::TrimsTheBody => kept.body = Secret::from(record.body.expose().trim()),
            Flaw::ForgetsPlainFields => {
                kept = Record::new(record.fingerprint, record.generation, kept.body);
            }
            _ => {}
        }
        kept
    }

    /// Lets others run between the two halves of what should be one step.
    async fn pause_if(&self, flaw: Flaw) {
        let mut paused = !self.has(flaw);
        poll_fn(|context| {
            if std::mem::replace(&mut paused, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
