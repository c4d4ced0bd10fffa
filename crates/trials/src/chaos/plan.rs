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
    /// When the runtimes of the first calls are dropped, where the run is about that.
    pub(super) drop_after_us: u64,
}

/// A wall clock steps in mid round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Whose, right after all were asked; `None`: the holder's, while its request is held.
    pub(super) process: Option<usize>,
    pub(super) by_ms: i64,
}

/// How time is moved on while the processes wait out a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DoubtPace {
    /// Beyond the longest rest at once.
    AtOnce,
    /// First to just before the shortest rest is over, then to a third of the longest.
    InSteps,
}

/// What the newest token is when everybody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// To be refreshed, with more life left than a doubt takes; this many thousandths of it are
    /// over.
    Due(i64),
    /// Over for so many milliseconds: no more than clocks differ by, so a holder whose clock runs
    /// behind may think that it lives.
    JustOver(i64),
    /// Over for long; so many thousandths of a life ago it began.
    Expired(i64),
}

impl Age {
    /// How long ago the newest token's end was, in milliseconds; negative where it is still to
    /// come.
    pub(super) fn past_its_end_ms(self) -> i64 {
        match self {
            Self::Due(permille) | Self::Expired(permille) => LIFE_MS / 1000 * permille - LIFE_MS,
            Self::JustOver(ms) => ms,
        }
    }
}

impl DoubtPace {
    /// By how much time is moved on after it was moved on so often.
    pub(super) fn move_ms(self, moved: u32) -> i64 {
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
    /// The holder is killed so many microseconds after the answer was delivered.
    KillReceiver(u64),
    /// The holder kills itself before this step of writing files after the answer, counted from
    /// one.
    KillAtStep(u32),
    /// Anybody is killed so many milliseconds after all were asked.
    KillAnybody {
        process: usize,
        after_ms: u64,
    },
    /// The holder is frozen while its request is at this point.
    StopHolder {
        at: When,
        for_ms: u64,
    },
    /// Anybody is frozen.
    StopAnybody {
        process: usize,
        after_ms: u64,
        for_ms: u64,
    },
    /// The exchange itself goes wrong.
    Cut(Cut),
    /// The store is away when everybody asks.
    AwayBefore {
        outage: Outage,
        for_ms: u64,
    },
    /// The store goes away while the request is under way.
    AwayAmid {
        outage: Outage,
        at: When,
        for_ms: u64,
    },
    /// The same, and the holder is killed before the store is back: its spill alone has the token.
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

/// What a code is worth.
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

    /// Whether the holder cannot know what became of its token.
    fn leaves_doubt(self) -> bool {
        !matches!(self, Self::ServerError | Self::ComeBackLater | Self::Slow)
    }
}

impl Trouble {
    /// Whether an intent may be left behind that nobody takes back, so that the others wait out a
    /// doubt; and after how many milliseconds time may be moved on for them.
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

    /// Where the request is to be held.
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

/// A lease that is not renewed is over after this.
pub(super) const LEASE_MS: u64 = 1_000;

#[cfg(test)]
mod tests;
