//! The options of a run.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::fault::Fault;
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
    /// How many tokens the callers of a process ask for in a second, at most.
    #[arg(long, default_value_t = 250)]
    pub(super) calls: u64,
    /// How many processes.
    #[arg(long, default_value_t = 2)]
    pub(super) processes: usize,
    /// The seed of what is drawn; default: the time of day.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// The shortest life of an access token, in seconds.
    #[arg(long, default_value_t = 10)]
    pub(super) shortest_life: u64,
    /// How many seconds a refresh token may be used after its access token has expired: the longest
    /// time for which a kill may delay a refresh.
    #[arg(long, default_value_t = 75)]
    pub(super) spare: u64,
    /// No process is killed: then nothing is excused.
    #[arg(long)]
    pub(super) no_kills: bool,
    /// What goes wrong on purpose. The run passes if the judge detects that.
    #[arg(long, value_enum)]
    pub(super) fault: Option<Fault>,
}

/// After how many hundredths of its life a token is refreshed, about.
pub(super) const REFRESHED_AFTER: u32 = 72;

impl Options {
    /// Returns how many accounts a process may have in memory.
    pub(super) fn in_memory(&self) -> usize {
        (self.accounts / 10).max(1)
    }

    /// Returns the life of an access token.
    pub(super) fn life(&self) -> Duration {
        let period = Duration::from_secs(self.accounts as u64) / self.rate.clamp(1, 100_000) as u32;
        (period * 100 / REFRESHED_AFTER).max(self.shortest_life())
    }

    pub(super) fn shortest_life(&self) -> Duration {
        Duration::from_secs(self.shortest_life)
    }

    pub(super) fn spare(&self) -> Duration {
        Duration::from_secs(self.spare)
    }

    /// Returns how long the vendor takes for an answer.
    pub(super) fn latency(&self) -> Duration {
        Duration::from_millis(match self.fault {
            // Only requests that a kill hits show it.
            Some(Fault::NoIntent) => 1_000,
            _ => 100,
        })
    }

    /// Returns the name of what is wrong, for people to read.
    pub(super) fn fault_name(&self) -> String {
        let value = self.fault.and_then(|fault| fault.to_possible_value());
        value.map_or_else(|| "none".to_owned(), |value| value.get_name().to_owned())
    }
}
