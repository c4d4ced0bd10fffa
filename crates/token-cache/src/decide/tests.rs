use token_core::Timestamp;

use super::*;

const ANCHOR: ClockReading = ClockReading {
    wall: Timestamp::from_unix_seconds(10_000),
    elapsed: Duration::from_secs(500),
};

/// A token of 1000 s got at the anchor: due from 750, closing from 970, expired from 1000.
fn validity() -> Validity {
    let issued = ANCHOR.wall;
    Validity::new(issued, issued.after(Duration::from_secs(1000)))
}

/// `seconds` after the anchor, by both clocks.
fn later(seconds: u64) -> ClockReading {
    let span = Duration::from_secs(seconds);
    ClockReading {
        wall: ANCHOR.wall.after(span),
        elapsed: ANCHOR.elapsed + span,
    }
}

/// Held off until 900 s after the anchor.
const HELD_OFF: Outlook = Outlook::HeldOff {
    until: Duration::from_secs(500 + 900),
};

fn decided(standing: Standing, outlook: Outlook, now: ClockReading) -> Decision {
    decide(
        &State {
            validity: &validity(),
            anchor: &ANCHOR,
            standing,
            outlook,
            exchange_ends_it: false,
            superseded: false,
        },
        &now,
    )
}

#[test]
fn the_table() {
    use Decision::{Fail, Use, UseAndRefresh, Wait};
    use Outlook::{Clear, InDoubt, InFlight};
    use Standing::{Good, Killed, Refused};
    let held_off_longer = Outlook::HeldOff {
        until: Duration::from_secs(5000),
    };
    let table = [
        // Fresh: used, whatever a flight does.
        (Good, Clear, 0, Use),
        (Good, Clear, 1, Use),
        (Good, Clear, 749, Use),
        (Good, InFlight, 0, Use),
        (Good, InFlight, 749, Use),
        (Good, HELD_OFF, 0, Use),
        (Good, HELD_OFF, 749, Use),
        // Due: used at once; one flight, unless the last one failed a moment ago.
        (Good, Clear, 750, UseAndRefresh),
        (Good, Clear, 751, UseAndRefresh),
        (Good, Clear, 969, UseAndRefresh),
        (Good, InFlight, 750, Use),
        (Good, InFlight, 969, Use),
        (Good, HELD_OFF, 750, Use),
        (Good, HELD_OFF, 899, Use),
        (Good, HELD_OFF, 900, UseAndRefresh),
        (Good, HELD_OFF, 969, UseAndRefresh),
        (Good, held_off_longer, 969, Use),
        // Closing: wait; the current token is the last resort.
        (Good, Clear, 970, Wait),
        (Good, Clear, 999, Wait),
        (Good, InFlight, 970, Wait),
        (Good, InFlight, 999, Wait),
        (Good, HELD_OFF, 970, Wait),
        (Good, held_off_longer, 970, Use),
        (Good, held_off_longer, 999, Use),
        // Expired: never handed out.
        (Good, Clear, 1000, Wait),
        (Good, Clear, 1_000_000, Wait),
        (Good, InFlight, 1000, Wait),
        (Good, HELD_OFF, 1000, Wait),
        (Good, held_off_longer, 1000, Fail),
        (Good, held_off_longer, 4000, Fail),
        (Good, held_off_longer, 4500, Wait),
        // A refresh token that may have been spent rests: a live token is used meanwhile.
        (Good, InDoubt, 0, Use),
        (Good, InDoubt, 750, Use),
        (Good, InDoubt, 970, Use),
        (Good, InDoubt, 1000, Wait),
        // Refused by an API: not handed out until an exchange has answered.
        (Refused, Clear, 0, Wait),
        (Refused, Clear, 800, Wait),
        (Refused, InFlight, 0, Wait),
        (Refused, InDoubt, 0, Wait),
        (Refused, HELD_OFF, 0, Fail),
        (Refused, HELD_OFF, 899, Fail),
        (Refused, HELD_OFF, 900, Wait),
        (Refused, held_off_longer, 999, Fail),
        (Refused, held_off_longer, 1000, Fail),
        (Refused, Clear, 1000, Wait),
        // Killed by the vendor: as good as expired, however young.
        (Killed, Clear, 0, Wait),
        (Killed, InFlight, 0, Wait),
        (Killed, HELD_OFF, 0, Fail),
        (Killed, HELD_OFF, 899, Fail),
        (Killed, HELD_OFF, 900, Wait),
        (Killed, held_off_longer, 1000, Fail),
    ];
    assert!(table.len() >= 40);
    for (standing, outlook, seconds, expected) in table {
        assert_eq!(
            decided(standing, outlook, later(seconds)),
            expected,
            "{standing:?} {outlook:?} {seconds}"
        );
    }
}

// FAULTS.md row 71
#[test]
fn a_token_that_the_exchange_ends_is_not_handed_out_while_it_runs() {
    let decided = |superseded, outlook, seconds| {
        let state = State {
            validity: &validity(),
            anchor: &ANCHOR,
            standing: Standing::Good,
            outlook,
            exchange_ends_it: true,
            superseded,
        };
        decide(&state, &later(seconds))
    };
    assert_eq!(decided(false, Outlook::Clear, 749), Decision::Use);
    assert_eq!(decided(false, Outlook::Clear, 750), Decision::Wait);
    assert_eq!(decided(false, Outlook::InFlight, 750), Decision::Wait);
    assert_eq!(decided(false, HELD_OFF, 750), Decision::Use);
    assert_eq!(decided(false, Outlook::InFlight, 10), Decision::Use);
    assert_eq!(decided(true, Outlook::InFlight, 10), Decision::Wait);
    assert_eq!(decided(true, Outlook::Clear, 10), Decision::Use);
}

// FAULTS.md row 18
#[test]
fn a_wall_clock_that_steps_back_gives_a_token_no_more_life() {
    let stepped = |seconds: u64| ClockReading {
        wall: ANCHOR.wall.before(Duration::from_secs(86_400)),
        ..later(seconds)
    };
    assert_eq!(
        decided(Standing::Good, Outlook::Clear, stepped(10)),
        Decision::Use
    );
    assert_eq!(
        decided(Standing::Good, Outlook::Clear, stepped(800)),
        Decision::UseAndRefresh
    );
    assert_eq!(
        decided(Standing::Good, Outlook::Clear, stepped(1000)),
        Decision::Wait
    );
}

// FAULTS.md row 18
#[test]
fn a_wall_clock_that_steps_forward_costs_one_flight() {
    let stepped = ClockReading {
        wall: ANCHOR.wall.after(Duration::from_secs(86_400)),
        ..later(1)
    };
    assert_eq!(
        decided(Standing::Good, Outlook::Clear, stepped),
        Decision::Wait
    );
}

// FAULTS.md row 19
#[test]
fn a_token_that_died_while_the_machine_slept_is_expired_on_waking() {
    let only_elapsed = ClockReading {
        elapsed: later(1000).elapsed,
        wall: ANCHOR.wall,
    };
    assert_eq!(
        decided(Standing::Good, Outlook::Clear, only_elapsed),
        Decision::Wait
    );
}

#[test]
fn extreme_clocks_do_not_panic() {
    for wall in [Timestamp::MIN, Timestamp::MAX] {
        for elapsed in [Duration::ZERO, Duration::MAX] {
            decided(Standing::Good, HELD_OFF, ClockReading { wall, elapsed });
        }
    }
}
