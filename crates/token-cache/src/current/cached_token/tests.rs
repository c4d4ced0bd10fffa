//! What the coarse clocks say about a token, on a simulated machine.

use proptest::collection::vec;
use proptest::prelude::*;
use token_core::Secret;

use super::*;

const SECOND: i64 = 1_000_000_000;
const HOUR: Duration = Duration::from_secs(3600);

/// The clocks of a machine, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Machine {
    wall: i64,
    monotonic: i64,
    /// Counts suspend, as `monotonic` does not.
    boottime: i64,
    /// How far the coarse clocks are behind.
    since_tick: i64,
}

#[derive(Clone, Copy, Debug)]
enum Happening {
    Runs { millis: i64 },
    IsSuspended { millis: i64 },
    SetsItsWallClock { millis: i64 },
}

const TICK: i64 = 10_000_000;

impl Machine {
    fn started(uptime: i64, since_tick: i64) -> Self {
        Self {
            wall: 1_700_000_000 * SECOND,
            monotonic: uptime,
            boottime: uptime,
            since_tick,
        }
    }

    fn after(self, happening: Happening) -> Self {
        let mut later = self;
        match happening {
            Happening::Runs { millis } => {
                let passed = millis * 1_000_000;
                later.wall += passed;
                later.monotonic += passed;
                later.boottime += passed;
                later.since_tick = (self.since_tick + passed) % TICK;
            }
            Happening::IsSuspended { millis } => {
                later.wall += millis * 1_000_000;
                later.boottime += millis * 1_000_000;
            }
            Happening::SetsItsWallClock { millis } => later.wall += millis * 1_000_000,
        }
        later
    }

    /// As `SystemClock` reads it: the wall clock is that of the last tick.
    fn now(self) -> ClockReading {
        let boottime = u64::try_from(self.boottime).unwrap();
        ClockReading {
            wall: Timestamp::from_unix_millis((self.wall - self.since_tick) / 1_000_000),
            elapsed: Duration::from_nanos(boottime),
        }
    }

    fn coarse(self) -> CoarseReading {
        CoarseReading {
            wall: self.wall - self.since_tick,
            monotonic: self.monotonic - self.since_tick,
        }
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..900_000_i64).prop_map(|millis| Happening::Runs { millis }),
        1 => (1..7_200_000_i64).prop_map(|millis| Happening::IsSuspended { millis }),
        1 => (-7_200_000..7_200_000_i64)
            .prop_map(|millis| Happening::SetsItsWallClock { millis }),
    ]
}

fn obtained(machine: Machine) -> CachedToken {
    obtained_at(machine.now())
}

fn obtained_at(now: ClockReading) -> CachedToken {
    let validity = Validity::new(now.wall, now.wall.after(HOUR));
    let token = Token::builder(Secret::from("A1"), validity)
        .build()
        .unwrap();
    CachedToken::new(token, now)
}

proptest! {
    // FAULTS.md row 18
    #[test]
    fn what_is_fresh_by_the_coarse_clocks_was_fresh_at_the_last_tick_by_the_precise_ones(
        uptime in 0..1_000_000 * SECOND,
        since_tick in 0..TICK,
        before in vec(happening(), 0..3),
        after in vec(happening(), 1..12),
    ) {
        let start = Machine::started(uptime, since_tick);
        let token = obtained(start);
        let published = before.into_iter().fold(start, Machine::after);
        let span = token.fresh_span(published.coarse(), &published.now());
        let mut machine = published;
        for happening in after {
            machine = machine.after(happening);
            if span.contains(machine.coarse()) {
                let tick = Duration::from_nanos(u64::try_from(TICK).unwrap());
                let now = machine.now().effective_now(&token.anchor()).before(2 * tick);
                prop_assert_eq!(token.validity().at(now), Freshness::Fresh);
            }
        }
    }

    #[test]
    fn the_coarse_clocks_suffice_while_nothing_but_time_happens(
        uptime in 0..1_000_000 * SECOND,
        since_tick in 0..TICK,
        runs in vec(0..900_000_i64, 1..12),
    ) {
        let mut machine = Machine::started(uptime, since_tick);
        let token = obtained(machine);
        let span = token.fresh_span(machine.coarse(), &machine.now());
        for millis in runs {
            machine = machine.after(Happening::Runs { millis });
            let soon = machine.after(Happening::Runs { millis: 20 }).now();
            if token.validity().at(soon.effective_now(&token.anchor())) == Freshness::Fresh {
                prop_assert!(span.contains(machine.coarse()));
            }
        }
    }
}

// FAULTS.md row 18
#[test]
fn suspend_and_a_wall_clock_that_is_set_are_left_to_the_precise_clocks() {
    let machine = Machine::started(SECOND, 0);
    let token = obtained(machine);
    let span = token.fresh_span(machine.coarse(), &machine.now());
    let runs = machine.after(Happening::Runs { millis: 60_000 });
    assert!(span.contains(runs.coarse()));
    for happening in [
        Happening::IsSuspended { millis: 10 },
        Happening::SetsItsWallClock { millis: -10 },
        Happening::SetsItsWallClock { millis: 10 },
    ] {
        assert!(
            !span.contains(runs.after(happening).coarse()),
            "{happening:?}"
        );
    }
}

#[test]
fn a_token_without_end_is_fresh_by_the_coarse_clocks_for_ever() {
    let machine = Machine::started(SECOND, 0);
    let now = machine.now();
    let endless = Token::builder(Secret::from("A1"), Validity::without_end(now.wall));
    let token = CachedToken::new(endless.build().unwrap(), now);
    let span = token.fresh_span(machine.coarse(), &now);
    let later = machine.after(Happening::Runs {
        millis: 100 * 365 * 86_400_000,
    });
    assert!(span.contains(later.coarse()));
}

/// Of the machine that runs the test.
#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn the_coarse_clocks_of_this_machine_agree_with_its_precise_ones() {
    let clock = CacheClock::System;
    let mut token = obtained_at(clock.now());
    token.set_fresh_span(clock.coarse(), &clock.now());
    // A tick may come between the two reads.
    assert!((0..10).any(|_| token.is_certainly_fresh(&clock)));
}
