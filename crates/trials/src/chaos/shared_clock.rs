//! The time that all processes share: the machine's, advanced by the orchestrator, and the error of
//! each process's own clock.
//!
//! The offset is in a small file that every process reads each time it reads the clock. A frozen
//! process that wakes up sees at once how late it is, as on a machine that slept. Beside it is the
//! journal of the clock jumps (`clock_jumps.rs`), which the store's clock follows.

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use vendor_auth::cache::SystemClock;
use vendor_auth::types::{Clock, ClockReading, Timestamp};

use super::clock_jumps::ClockJumps;

/// The open clock file.
#[derive(Debug)]
pub(super) struct ClockFile {
    file: File,
    jumps: ClockJumps,
    path: PathBuf,
}

const SLOT: u64 = 8;

impl ClockFile {
    /// Creates the file: time is not advanced, and every clock is right.
    pub(super) fn make(path: PathBuf, processes: usize) -> Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .context("the clock file cannot be created")?;
        file.write_all_at(&vec![0; 8 * (processes + 1)], 0)?;
        let jumps = ClockJumps::make(&beside(&path))?;
        Ok(Self { file, jumps, path })
    }

    /// Opens it for reading.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context("the clock file cannot be opened")?;
        let jumps = ClockJumps::open(&beside(path))?;
        let path = path.to_owned();
        Ok(Self { file, jumps, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how far time was advanced, in milliseconds.
    pub(super) fn advanced_ms(&self) -> i64 {
        self.read(0)
    }

    /// Advances time for every process.
    pub(super) fn advance(&self, by_ms: i64) -> Result<()> {
        if by_ms == 0 {
            return Ok(());
        }
        let advanced_ms = self.advanced_ms().saturating_add(by_ms);
        self.jumps.during(by_ms, || self.write(0, advanced_ms))
    }

    /// Returns the journal of the clock jumps.
    pub(super) fn jumps(&self) -> &ClockJumps {
        &self.jumps
    }

    /// Sets the error of one process's wall clock, in milliseconds.
    pub(super) fn skew(&self, process: usize, by_ms: i64) -> Result<()> {
        self.write(slot_of(process), by_ms)
    }

    /// Returns the true time, in Unix milliseconds: the vendor's.
    pub(super) fn now_ms(&self) -> i64 {
        SystemClock
            .now()
            .wall
            .unix_millis()
            .saturating_add(self.advanced_ms())
    }

    /// Returns the true time at this instant of the machine's wall clock, in Unix milliseconds.
    pub(super) fn at_ms(&self, machine_us: i64) -> i64 {
        machine_us / 1_000 + self.advanced_ms() - self.jumps.after_ms(machine_us)
    }

    fn skew_of(&self, process: usize) -> i64 {
        self.read(slot_of(process))
    }

    fn read(&self, slot: u64) -> i64 {
        let mut bytes = [0; 8];
        // The file was written in full before any process opened it.
        _ = self.file.read_exact_at(&mut bytes, slot * SLOT);
        i64::from_le_bytes(bytes)
    }

    fn write(&self, slot: u64, value: i64) -> Result<()> {
        self.file
            .write_all_at(&value.to_le_bytes(), slot * SLOT)
            .context("the clock file cannot be written")
    }
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("jumps")
}

fn slot_of(process: usize) -> u64 {
    u64::try_from(process).unwrap_or_default().saturating_add(1)
}

/// The clock of one process.
#[derive(Debug)]
pub(super) struct ProcessClock {
    clock_file: ClockFile,
    /// `None`: a clock that is right.
    process: Option<usize>,
}

thread_local! {
    static LAST_LOOK_MS: Cell<i64> = const { Cell::new(0) };
}

/// Returns the true time when this thread last read the clock: the instant at which its caller's
/// token was judged.
pub(super) fn last_look_ms() -> i64 {
    LAST_LOOK_MS.get()
}

impl ProcessClock {
    pub(super) fn of(clock_file: ClockFile, process: Option<usize>) -> Self {
        Self {
            clock_file,
            process,
        }
    }

    pub(super) fn clock_file(&self) -> &ClockFile {
        &self.clock_file
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> ClockReading {
        let machine = SystemClock.now();
        let moved = self.clock_file.advanced_ms();
        let truth = machine.wall.unix_millis().saturating_add(moved);
        LAST_LOOK_MS.set(truth);
        let skew = self
            .process
            .map_or(0, |process| self.clock_file.skew_of(process));
        ClockReading {
            wall: Timestamp::from_unix_millis(truth).shifted(skew),
            elapsed: machine.elapsed
                + Duration::from_millis(u64::try_from(moved).unwrap_or_default()),
        }
    }
}

/// A clock that several owners share.
#[derive(Clone, Debug)]
pub(super) struct SharedClock(pub(super) std::sync::Arc<ProcessClock>);

impl Clock for SharedClock {
    fn now(&self) -> ClockReading {
        self.0.now()
    }
}
