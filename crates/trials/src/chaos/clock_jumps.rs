//! When time was advanced, and what the store's clock would have made of it.
//!
//! A real store times its records by the machine's clock, which does not see the jumps. So each
//! jump is recorded with the machine's instants between which it happened. A record that is `A` old
//! according to a store was committed `A` before the machine's present, and its age is `A` plus
//! every jump since then. The file outlives every process: one that starts later reads the same
//! jumps.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};
use vendor_auth::types::store::Entry;

/// Returns the machine's wall clock in microseconds, which is the same for all processes.
pub(crate) fn machine_us() -> i64 {
    let time = clock_gettime(ClockId::Realtime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}

/// The open file of the jumps.
#[derive(Debug)]
pub(super) struct ClockJumps(File);

/// One jump: its beginning, its end, and by how many milliseconds.
const JUMP_BYTES: usize = 24;
/// Ages are differences of two clock readings in whole milliseconds, so an age is off by at most
/// one.
const ROUNDING_US: i64 = 1_000;

/// A span of the machine's wall clock, in microseconds, in which something happened, at an unknown
/// instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from_us: i64,
    pub(super) until_us: i64,
}

/// How far time was advanced since something happened, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Since {
    at_least_ms: i64,
    at_most_ms: i64,
}

/// A store's answer, in virtual time.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) entry: Entry,
    /// The answer took so long that a jump fell within the span of a commit or an intent: ask
    /// again.
    pub(super) is_doubtful: bool,
}

impl ClockJumps {
    /// Creates the file, without any jump.
    pub(super) fn make(path: &Path) -> Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .context("the journal of the clock jumps cannot be created")?;
        Ok(Self(file))
    }

    /// Opens it for reading.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context("the journal of the clock jumps cannot be opened")?;
        Ok(Self(file))
    }

    /// Records a jump while it is made, so that no process sees one that is missing in the journal.
    pub(super) fn during(&self, by_ms: i64, make: impl FnOnce() -> Result<()>) -> Result<()> {
        let place = self.count();
        let from_us = machine_us();
        let open = Span {
            from_us,
            until_us: i64::MAX,
        };
        self.write(place, open, by_ms)?;
        make()?;
        let until_us = machine_us();
        self.write(place, Span { from_us, until_us }, by_ms)
    }

    /// Translates a store's answer: the question was sent at `asked_us` by the machine's wall
    /// clock, and the answer has just arrived.
    ///
    /// If it is unknown on which side of a jump something happened, a record is taken as older and
    /// an intent as younger: the first never makes a token live longer, the second never makes a
    /// doubt shorter.
    pub(super) fn translate(&self, mut entry: Entry, asked_us: i64) -> Translated {
        let answered = Span {
            from_us: asked_us,
            until_us: machine_us(),
        };
        let mut is_doubtful = false;
        if entry.record.is_some() {
            let since = self.since(answered.before(entry.record_age));
            entry.record_age += millis(since.at_most_ms);
            is_doubtful |= since.is_open();
        }
        if entry.intent.is_some() {
            let since = self.since(answered.before(entry.intent_age));
            entry.intent_age += millis(since.at_least_ms);
            is_doubtful |= since.is_open();
        }
        Translated { entry, is_doubtful }
    }

    /// Returns how far time was advanced after this instant of the machine's wall clock, in
    /// milliseconds.
    pub(super) fn after_ms(&self, instant_us: i64) -> i64 {
        let instant = Span {
            from_us: instant_us,
            until_us: instant_us,
        };
        self.since(instant).at_least_ms
    }

    fn since(&self, happened: Span) -> Since {
        let mut since = Since::default();
        let newer = self
            .all()
            .take_while(|(span, _)| span.until_us >= happened.from_us);
        for (span, by_ms) in newer {
            since.at_most_ms += by_ms;
            if span.from_us > happened.until_us {
                since.at_least_ms += by_ms;
            }
        }
        since
    }

    /// Returns all jumps, the newest first.
    fn all(&self) -> impl Iterator<Item = (Span, i64)> {
        (0..self.count()).rev().map(|place| self.read(place))
    }

    fn count(&self) -> u64 {
        let bytes = self.0.metadata().map(|file| file.len()).unwrap_or_default();
        bytes / JUMP_BYTES as u64
    }

    fn read(&self, place: u64) -> (Span, i64) {
        let mut bytes = [0; JUMP_BYTES];
        // Only entries that were written in full are counted.
        _ = self.0.read_exact_at(&mut bytes, place * JUMP_BYTES as u64);
        let [from_us, until_us, by_ms] = [0, 8, 16].map(|at| number(&bytes, at));
        (Span { from_us, until_us }, by_ms)
    }

    fn write(&self, place: u64, span: Span, by_ms: i64) -> Result<()> {
        let numbers = [span.from_us, span.until_us, by_ms];
        let bytes: Vec<u8> = numbers.into_iter().flat_map(i64::to_le_bytes).collect();
        self.0
            .write_all_at(&bytes, place * JUMP_BYTES as u64)
            .context("a clock jump cannot be recorded")
    }
}

impl Span {
    /// Returns the span of something that happened `ms` before this span.
    fn before(self, age: Duration) -> Self {
        let age_us = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        Self {
            from_us: self
                .from_us
                .saturating_sub(age_us)
                .saturating_sub(ROUNDING_US),
            until_us: self
                .until_us
                .saturating_sub(age_us)
                .saturating_add(ROUNDING_US),
        }
    }
}

impl Since {
    fn is_open(self) -> bool {
        self.at_least_ms != self.at_most_ms
    }
}

fn number(bytes: &[u8; JUMP_BYTES], at: usize) -> i64 {
    let number = bytes
        .get(at..at + 8)
        .and_then(|bytes| bytes.try_into().ok());
    number.map_or(0, i64::from_le_bytes)
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

#[cfg(test)]
mod tests;
