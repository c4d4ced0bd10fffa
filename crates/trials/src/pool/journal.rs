//! What the processes reported of each exchange.

use std::collections::BTreeMap;
use std::time::Instant;

use super::protocol::{Step, What};

/// The steps of all accounts, in the order of each process.
#[derive(Debug)]
pub(super) struct Journal {
    accounts: Vec<Vec<Noted>>,
    /// How often each start of a process has said how it is.
    beats: BTreeMap<u32, u64>,
}

/// A step of a process.
#[derive(Clone, Copy, Debug)]
struct Noted {
    by: u32,
    /// How often the process had said before how it is.
    beat: u64,
    /// When it was read.
    at: Instant,
    generation: u64,
    what: What,
}

/// What was reported of one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct History<'a> {
    steps: &'a [Noted],
    beats: &'a BTreeMap<u32, u64>,
}

/// That a process found that another may have sent a refresh token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    pub(super) by: u32,
    pub(super) found_at: Instant,
    /// When it sent the refresh token nevertheless.
    pub(super) sent_at: Option<Instant>,
}

impl Journal {
    pub(super) fn new(accounts: usize) -> Self {
        Self {
            accounts: vec![Vec::new(); accounts],
            beats: BTreeMap::new(),
        }
    }

    /// Notes that a process has said how it is.
    pub(super) fn beat(&mut self, by: u32) {
        *self.beats.entry(by).or_default() += 1;
    }

    /// Notes a step that was read at this instant.
    pub(super) fn note(&mut self, by: u32, step: Step, at: Instant) {
        let beat = self.beats.get(&by).copied().unwrap_or_default();
        if let Some(steps) = self.accounts.get_mut(step.account) {
            steps.push(Noted {
                by,
                beat,
                at,
                generation: step.generation,
                what: step.what,
            });
        }
    }

    pub(super) fn of(&self, account: usize) -> History<'_> {
        History {
            steps: self.accounts.get(account).map_or(&[], Vec::as_slice),
            beats: &self.beats,
        }
    }
}

impl History<'_> {
    /// Returns the newest generation that the store acknowledged, and to whom; `None`: the first.
    pub(super) fn acknowledged(&self) -> Option<(u64, u32)> {
        let stored = self.steps.iter().filter(|step| step.what == What::Stored);
        stored.map(|step| (step.generation, step.by)).max()
    }

    /// Returns how often a process has reported this of a generation.
    pub(super) fn count(&self, by: u32, generation: u64, what: What) -> usize {
        let steps = self.of(by, generation).filter(|step| step.what == what);
        steps.count()
    }

    /// Returns the last step of a process towards a generation, and how often it has said how it is
    /// since then.
    pub(super) fn last(&self, by: u32, generation: u64) -> Option<(What, u64)> {
        let steps = self.of(by, generation);
        let is_before = |what| matches!(what, What::Doubted | What::Declaring);
        let last = steps.filter(|step| !is_before(step.what)).last()?;
        let beats = self.beats.get(&by).copied().unwrap_or_default();
        Some((last.what, beats - last.beat))
    }

    /// Returns all steps, with seconds since this instant, for people to read.
    pub(super) fn told(&self, since: Instant) -> String {
        let told = self.steps.iter().map(|step| {
            let Noted {
                by,
                generation,
                what,
                at,
                ..
            } = step;
            let (after, before) = (*at - since, since.saturating_duration_since(*at));
            let seconds = after.as_secs_f64() - before.as_secs_f64();
            format!("{seconds:+.1} s {what:?} {generation} by {by}")
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// Returns the processes that found that this generation may have been issued to another.
    pub(super) fn doubts(&self, generation: u64) -> impl Iterator<Item = Doubt> {
        self.noted(generation, What::Doubted).map(move |found| {
            let mut later = self.of(found.by, generation);
            let sent = later.find(|step| step.what == What::Sending && step.at >= found.at);
            Doubt {
                by: found.by,
                found_at: found.at,
                sent_at: sent.map(|step| step.at),
            }
        })
    }

    /// Returns the processes that declared that they would send the refresh token for this
    /// generation, and when.
    pub(super) fn declared(&self, generation: u64) -> impl Iterator<Item = (u32, Instant)> {
        let declared = self.noted(generation, What::Declaring);
        declared.map(|step| (step.by, step.at))
    }

    fn noted(&self, generation: u64, what: What) -> impl Iterator<Item = &Noted> {
        let is_it = move |step: &&Noted| (step.generation, step.what) == (generation, what);
        self.steps.iter().filter(is_it)
    }

    fn of(&self, by: u32, generation: u64) -> impl Iterator<Item = &Noted> {
        let is_it = move |step: &&Noted| (step.by, step.generation) == (by, generation);
        self.steps.iter().filter(is_it)
    }
}
