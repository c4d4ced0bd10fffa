//! Draws a plan from random numbers.

use token_sim::When;

use super::{Age, Code, Cut, DoubtPace, Plan, Step, Trouble};
use crate::chaos::options::{Harm, Mix};
use crate::chaos::random::Random;
use crate::chaos::store_fixture::Outage;

/// What a plan depends on besides the random numbers.
#[derive(Clone, Copy, Debug)]
pub(in crate::chaos) struct Setting {
    pub(in crate::chaos) processes: usize,
    pub(in crate::chaos) harm: Harm,
    pub(in crate::chaos) mix: Mix,
    /// Whether the store writes files, in steps.
    pub(in crate::chaos) has_steps: bool,
}

pub(super) const HOUR_MS: i64 = 3_600_000;
/// Writing a record takes about this many steps, and releasing the lease a few more.
const STEPS: u64 = 14;

impl Plan {
    pub(in crate::chaos) fn draw(random: &mut Random, setting: Setting) -> Self {
        let age = Age::draw(random);
        let trouble = trouble(random, setting);
        let step = random
            .percent(10)
            .then(|| Step::draw(random, setting.processes, &trouble));
        Self {
            age,
            trouble,
            step,
            doubt: match random.percent(50) {
                true => DoubtPace::AtOnce,
                false => DoubtPace::InSteps,
            },
            drop_after_us: random.between(0, 60_000),
        }
    }
}

/// Draws the error of a clock without a good source: at most 20 seconds in either direction.
pub(in crate::chaos) fn small_skew(random: &mut Random) -> i64 {
    signed(random.between(0, 40_000)) - 20_000
}

impl Age {
    fn draw(random: &mut Random) -> Self {
        match random.between(0, 99) {
            0..50 => Self::Due(signed(random.between(780, 900))),
            50..75 => Self::JustOver(signed(random.between(50, 60_000))),
            _ => Self::Expired(signed(random.between(1_050, 1_400))),
        }
    }
}

impl Step {
    fn draw(random: &mut Random, processes: usize, trouble: &Trouble) -> Self {
        let of_holder = trouble.held_at().is_some() && random.percent(50);
        let process = (!of_holder).then(|| random.index(processes));
        let by_ms = step_ms(random);
        Self { process, by_ms }
    }
}

/// Draws a clock step: hours back or forward, or a little in either direction.
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

fn trouble(random: &mut Random, setting: Setting) -> Trouble {
    let Setting {
        processes, harm, ..
    } = setting;
    let percent = random.between(0, 99);
    let kind = setting.mix.ends().into_iter().position(|end| percent < end);
    match kind {
        Some(0) => Trouble::Nothing,
        Some(1) => kill(random, setting),
        Some(2) => stop(random, processes),
        Some(3) => cut(random, harm),
        Some(4) => away(random, harm),
        Some(5) => Trouble::LogOut {
            by: any_or_holder(random, processes),
            at: point(random),
        },
        _ => redeem(random, processes),
    }
}

impl Mix {
    /// Returns where the share of each kind ends, in percent: nothing, kills, freezes, cuts,
    /// outages, logouts. The rest are logins.
    fn ends(self) -> [u64; 6] {
        match self {
            Self::Even => [15, 40, 53, 67, 84, 92],
            Self::Outages => [22, 24, 34, 40, 80, 81],
        }
    }
}

fn point(random: &mut Random) -> When {
    match random.percent(50) {
        true => When::BeforeActing,
        false => When::AfterActing,
    }
}

/// Draws a process: mostly any, which may be the holder; otherwise the holder (`None`).
fn any_or_holder(random: &mut Random, processes: usize) -> Option<usize> {
    random.percent(70).then(|| random.index(processes))
}

fn kill(random: &mut Random, setting: Setting) -> Trouble {
    if setting.harm == Harm::NoKills {
        return Trouble::Nothing;
    }
    match random.index(7) {
        0 => Trouble::KillHolder(point(random)),
        1 | 2 => receiver(random),
        3 | 4 if setting.has_steps => {
            let step = random.between(1, STEPS);
            Trouble::KillAtStep(u32::try_from(step).unwrap_or(1))
        }
        3 | 4 => receiver(random),
        _ => Trouble::KillAnybody {
            process: random.index(setting.processes),
            after_ms: random.between(0, 30),
        },
    }
}

/// Draws a kill of the receiver: a store takes from a few to thirty milliseconds from the answer to
/// the first durable byte.
fn receiver(random: &mut Random) -> Trouble {
    Trouble::KillReceiver(random.between(0, 30_000))
}

/// Draws how long a process is frozen: shorter or longer than a lease.
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

fn redeem(random: &mut Random, processes: usize) -> Trouble {
    Trouble::Redeem {
        by: any_or_holder(random, processes),
        at: point(random),
        code: match random.percent(50) {
            true => Code::Right,
            false => Code::Wrong,
        },
        // Longer than a lease, so that another process can redeem before the holder wakes.
        stopped_ms: random.percent(40).then(|| random.between(1_100, 1_800)),
    }
}
