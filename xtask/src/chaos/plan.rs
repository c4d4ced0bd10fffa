//! What goes wrong in a round: all of it follows from the seed.

use token_sim::{Fault, RetryAfter, When};

use super::Harm;
use super::random::Random;
use super::round::LIFE_MS;
use super::stores::Outage;

/// One round.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) age: Age,
    pub(super) trouble: Trouble,
    pub(super) step: Option<Step>,
}

/// A wall clock steps in mid round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Whose, right after all were asked; `None`: the holder's, while its request is held.
    pub(super) process: Option<usize>,
    pub(super) by_ms: i64,
}

/// What the newest token is when everybody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// To be refreshed, with more life left than a doubt takes; this many thousandths of it are over.
    Due(i64),
    /// Over for so many milliseconds: no more than clocks differ by, so a holder whose clock runs behind may think that it lives.
    JustOver(i64),
    /// Over for long; so many thousandths of a life ago it began.
    Expired(i64),
}

impl Age {
    fn draw(random: &mut Random) -> Self {
        match random.between(0, 99) {
            0..50 => Self::Due(signed(random.between(780, 900))),
            50..75 => Self::JustOver(signed(random.between(50, 60_000))),
            _ => Self::Expired(signed(random.between(1_050, 1_400))),
        }
    }

    /// How long ago the newest token's end was, in milliseconds; negative where it is still to come.
    pub(super) fn past_its_end_ms(self) -> i64 {
        match self {
            Self::Due(permille) | Self::Expired(permille) => LIFE_MS / 1000 * permille - LIFE_MS,
            Self::JustOver(ms) => ms,
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
}

/// How an exchange goes wrong.
#[derive(Clone, Copy, Debug)]
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
}

impl Trouble {
    /// Whether an intent may be left behind that nobody takes back, so that the others wait out a doubt; and after how many milliseconds
    /// time may be moved on for them.
    pub(super) fn doubt_after_ms(&self) -> Option<u64> {
        match self {
            Self::KillHolder(_) | Self::KillReceiver(_) | Self::KillAnybody { .. } | Self::Cut(_) => {
                Some(250)
            }
            Self::AwayBefore { .. } | Self::AwayAmid { .. } | Self::SpillAndKill { .. } => Some(2_000),
            _ => None,
        }
    }

    /// Where the request is to be held.
    pub(super) fn held_at(&self) -> Option<When> {
        match self {
            Self::KillHolder(at) | Self::StopHolder { at, .. } | Self::AwayAmid { at, .. } => Some(*at),
            Self::SpillAndKill { .. } => Some(When::AfterActing),
            _ => None,
        }
    }
}

/// A lease that is not renewed is over after this.
pub(super) const LEASE_MS: u64 = 1_000;
const HOUR_MS: i64 = 3_600_000;

impl Plan {
    pub(super) fn draw(random: &mut Random, processes: usize, harm: Harm) -> Self {
        let age = Age::draw(random);
        let trouble = trouble(random, processes, harm);
        let step = random
            .percent(10)
            .then(|| Step::draw(random, processes, &trouble));
        Self { age, trouble, step }
    }
}

/// What a clock without a good source is off by, at most 20 seconds either way.
pub(super) fn small_skew(random: &mut Random) -> i64 {
    signed(random.between(0, 40_000)) - 20_000
}

impl Step {
    fn draw(random: &mut Random, processes: usize, trouble: &Trouble) -> Self {
        let of_holder = trouble.held_at().is_some() && random.percent(50);
        let process = (!of_holder).then(|| random.index(processes));
        let by_ms = step_ms(random);
        Self { process, by_ms }
    }
}

/// Back or forward by hours, or a little either way.
fn step_ms(random: &mut Random) -> i64 {
    match random.index(3) {
        0 => -3 * HOUR_MS,
        1 => 3 * HOUR_MS,
        _ => small_skew(random),
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn trouble(random: &mut Random, processes: usize, harm: Harm) -> Trouble {
    match random.between(0, 99) {
        0..20 => Trouble::Nothing,
        20..42 => kill(random, processes, harm),
        42..58 => stop(random, processes),
        58..74 => cut(random, harm),
        _ => away(random, harm),
    }
}

fn point(random: &mut Random) -> When {
    match random.percent(50) {
        true => When::BeforeActing,
        false => When::AfterActing,
    }
}

fn kill(random: &mut Random, processes: usize, harm: Harm) -> Trouble {
    if harm == Harm::NoKills {
        return Trouble::Nothing;
    }
    match random.index(5) {
        0 => Trouble::KillHolder(point(random)),
        1 | 2 => Trouble::KillReceiver(random.between(0, 12_000)),
        _ => Trouble::KillAnybody {
            process: random.index(processes),
            after_ms: random.between(0, 30),
        },
    }
}

/// Shorter and longer than a lease.
fn stop(random: &mut Random, processes: usize) -> Trouble {
    let for_ms = random.between(50, 1_600);
    match random.percent(60) {
        true => Trouble::StopHolder {
            at: point(random),
            for_ms,
        },
        false => Trouble::StopAnybody {
            process: random.index(processes),
            after_ms: random.between(0, 25),
            for_ms,
        },
    }
}

fn cut(random: &mut Random, harm: Harm) -> Trouble {
    let kinds: &[Cut] = match harm == Harm::Kills && random.percent(35) {
        true => &Cut::LOSING,
        false => &Cut::HARMLESS,
    };
    let drawn = kinds.get(random.index(kinds.len())).copied();
    drawn.map_or(Trouble::Nothing, Trouble::Cut)
}

fn away(random: &mut Random, harm: Harm) -> Trouble {
    let outage = match random.index(5) {
        0 | 1 => Outage::Gone,
        2 => Outage::Silent,
        _ => Outage::Full,
    };
    if harm == Harm::Kills && random.percent(15) {
        let after_ms = random.between(0, 300);
        return Trouble::SpillAndKill { outage, after_ms };
    }
    let for_ms = random.between(100, 900);
    match random.percent(50) {
        true => Trouble::AwayAmid {
            outage,
            at: point(random),
            for_ms,
        },
        false => Trouble::AwayBefore { outage, for_ms },
    }
}

#[cfg(test)]
mod tests;
