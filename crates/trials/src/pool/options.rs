//! The options of a run.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::chaos::StoreKind;

/// What to test.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The store that the processes share.
    #[arg(long, value_enum, default_value = "postgres")]
    pub(super) store: StoreKind,
    /// How many accounts; a tenth of them is in the memory of each process.
    #[arg(long, default_value_t = 100_000)]
    pub(super) accounts: usize,
    /// For how many seconds processes are killed.
    #[arg(long, default_value_t = 120)]
    pub(super) seconds: u64,
    /// How many refreshes fall due in a second. The lives of the tokens follow from that.
    #[arg(long, default_value_t = 200)]
    pub(super) rate: u64,
    /// How many processes.
    #[arg(long, default_value_t = 2)]
    pub(super) processes: usize,
    /// The seed of what is drawn; default: the time of day.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// What the processes do wrong, to see that it is detected.
    #[arg(long, value_enum, hide = true)]
    pub(super) broken: Option<Broken>,
}

/// After how many hundredths of its life a token is refreshed, about.
pub(super) const REFRESHED_AFTER: u32 = 72;
pub(super) const SHORTEST_LIFE: Duration = Duration::from_secs(10);

/// What a process does wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(super) enum Broken {
    /// Its store gives the lease to everyone, and keeps no intent.
    NoLease,
    /// Its store never lists a quarter of the keys.
    SkipsKeys,
    /// Its store acknowledges some tokens that it does not have.
    EarlyAnswer,
    /// Its pool keeps twice as much in memory.
    TwiceInMemory,
}

impl Options {
    /// Returns how many accounts a process may have in memory.
    pub(super) fn in_memory(&self) -> usize {
        (self.accounts / 10).max(1)
    }

    /// Returns the life of an access token.
    pub(super) fn life(&self) -> Duration {
        let period = Duration::from_secs(self.accounts as u64) / self.rate.clamp(1, 100_000) as u32;
        (period * 100 / REFRESHED_AFTER).max(SHORTEST_LIFE)
    }
}
