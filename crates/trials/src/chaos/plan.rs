//! What goes wrong in a round: all of it follows from the seed.

pub(super) mod draw;

use token_sim::{Fault, RetryAfter, When};

use super::rotation::LIFE_MS;
use super::store_fixture::Outage;

/// One round.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) age: Age,
    pub(super) trouble: Trouble,
    pub(super) step: Option<Step>,
    pub(super) doubt: DoubtPace,
    /// When the runtimes of the first calls are dropped, if the run is about that.
    pub(super) drop_after_us: u64,
}

/// A wall clock steps in the middle of a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Whose clock, right after all were asked; `None`: the holder's, while its request is held.
    pub(super) process: Option<usize>,
    pub(super) by_ms: i64,
}

/// How time is advanced while the processes wait in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DoubtPace {
    /// Past the longest rest at once.
    AtOnce,
    /// First to just before the end of the shortest rest, then to a third of the longest.
    InSteps,
}

/// The state of the newest token when all processes ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Due, with more life left than a doubt takes; this many thousandths of its life have passed.
    Due(i64),
    /// Expired this many milliseconds ago: no more than clocks differ by, so a holder whose clock
    /// is slow may consider it valid.
    JustOver(i64),
    /// Expired long ago; it was issued this many thousandths of a lifetime ago.
    Expired(i64),
}

impl Age {
    /// Returns how long ago the newest token expired, in milliseconds; negative if it has not
    /// expired yet.
    pub(super) fn past_its_end_ms(self) -> i64 {
        match self {
            Self::Due(permille) | Self::Expired(permille) => LIFE_MS / 1000 * permille - LIFE_MS,
            Self::JustOver(ms) => ms,
        }
    }
}

impl DoubtPace {
    /// Returns by how much to advance time, after it was advanced `moved` times.
    pub(super) fn advance_ms(self, moved: u32) -> i64 {
        match (self, moved) {
            (Self::InSteps, 0) => 10_000,
            (Self::InSteps, 1) => 100_000,
            _ => 301_000,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Nothing,
    /// The holder of the lease is killed while its request is at this point.
    KillHolder(When),
    /// The holder is killed this many microseconds after the answer was delivered.
    KillReceiver(u64),
    /// The holder kills itself before this step of writing files after the answer, counted from
    /// one.
    KillAtStep(u32),
    /// Any process is killed this many milliseconds after all were asked.
    KillAnybody {
        process: usize,
        after_ms: u64,
    },
    /// The holder is frozen while its request is at this point.
    StopHolder {
        at: When,
        for_ms: u64,
    },
    /// Any process is frozen.
    StopAnybody {
        process: usize,
        after_ms: u64,
        for_ms: u64,
    },
    /// The exchange itself goes wrong.
    Cut(Cut),
    /// The store is unavailable when all processes ask.
    AwayBefore {
        outage: Outage,
        for_ms: u64,
    },
    /// The store becomes unavailable while the request is under way.
    AwayAmid {
        outage: Outage,
        at: When,
        for_ms: u64,
    },
    /// The same, and the holder is killed before the store is back: only its fallback store has the
    /// token.
    SpillAndKill {
        outage: Outage,
        after_ms: u64,
    },
    /// A process logs out while the holder's request is at this point; `None`: the holder itself.
    LogOut {
        by: Option<usize>,
        at: When,
    },
    /// A process redeems a code while the holder's request is at this point.
    Redeem {
        by: Option<usize>,
        at: When,
        code: Code,
        /// For how long the holder is frozen meanwhile.
        stopped_ms: Option<u64>,
    },
}

/// Whether a code is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Right,
    Wrong,
}

/// How an exchange goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    ResetUnread,
    ResetBefore,
    ServerError,
    ComeBackLater,
    Slow,
    ResetAfter,
    InHeaders,
    InBody,
    AnotherAnswer,
}

impl Cut {
    const HARMLESS: [Self; 5] = [
        Self::ResetUnread,
        Self::ResetBefore,
        Self::ServerError,
        Self::ComeBackLater,
        Self::Slow,
    ];
    const LOSING: [Self; 4] = [
        Self::ResetAfter,
        Self::InHeaders,
        Self::InBody,
        Self::AnotherAnswer,
    ];

    pub(super) fn fault(self) -> Fault {
        match self {
            Self::ResetUnread => Fault::reset_before_reading(),
            Self::ResetBefore => Fault::reset_before_acting(),
            Self::ServerError => Fault::status(500),
            Self::ComeBackLater => Fault::unavailable(RetryAfter::Seconds(2)),
            Self::Slow => Fault::drip(40, std::time::Duration::from_millis(15)),
            Self::ResetAfter => Fault::reset_after_acting(),
            Self::InHeaders => Fault::cut_in_headers(),
            Self::InBody => Fault::cut_in_body(),
            Self::AnotherAnswer => Fault::status(502).after_acting(),
        }
    }

    /// Returns whether the holder cannot know the outcome of its request.
    fn leaves_doubt(self) -> bool {
        !matches!(self, Self::ServerError | Self::ComeBackLater | Self::Slow)
    }
}

impl Trouble {
    /// Returns after how many milliseconds time may be advanced for the processes, if an intent may
    /// be left behind that no process clears, so that the others wait in doubt.
    pub(super) fn doubt_after_ms(&self) -> Option<u64> {
        match self {
            Self::Cut(cut) => cut.leaves_doubt().then_some(250),
            Self::KillHolder(_)
            | Self::KillReceiver(_)
            | Self::KillAtStep(_)
            | Self::KillAnybody { .. } => Some(250),
            Self::AwayBefore { .. } | Self::AwayAmid { .. } | Self::SpillAndKill { .. } => {
                Some(2_000)
            }
            _ => None,
        }
    }

    /// Returns where the request is held.
    pub(super) fn held_at(&self) -> Option<When> {
        match self {
            Self::KillHolder(at)
            | Self::StopHolder { at, .. }
            | Self::AwayAmid { at, .. }
            | Self::LogOut { at, .. }
            | Self::Redeem { at, .. } => Some(*at),
            Self::SpillAndKill { .. } => Some(When::AfterActing),
            _ => None,
        }
    }
}

/// A lease that is not renewed ends after this.
pub(super) const LEASE_MS: u64 = 1_000;

#[cfg(test)]
mod tests;
