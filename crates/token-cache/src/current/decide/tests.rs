use token_core::Timestamp;

use super::*;

const ANCHOR: ClockReading = ClockReading {
    wall: Timestamp::from_unix_seconds(10_000),
    elapsed: Duration::from_secs(500),
};

/// A token of 1000 s got at the anchor: due from 750, expiring from 970, expired from 1000.
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

/// Backing off until 900 s after the anchor.
const BACKING_OFF: RefreshState = RefreshState::BackingOff {
    until: Duration::from_secs(500 + 900),
};

fn decided(status: Status, refresh: RefreshState, now: ClockReading) -> Decision {
    decide(
        &Inputs {
            validity: validity(),
            anchor: ANCHOR,
            status,
            refresh,
            exchange_ends_it: false,
            superseded: false,
        },
        &now,
    )
}

#[test]
fn each_case_of_the_table_has_its_decision() {
    use Decision::{Fail, Use, UseAndRefresh, Wait};
    use RefreshState::{Idle, InDoubt, InFlight};
    use Status::{Rejected, Revoked, Valid};
    let backing_off_longer = RefreshState::BackingOff {
        until: Duration::from_secs(5000),
    };
    let table = [
        // Fresh: used, whatever a refresh does.
        (Valid, Idle, 0, Use),
        (Valid, Idle, 1, Use),
        (Valid, Idle, 749, Use),
        (Valid, InFlight, 0, Use),
        (Valid, InFlight, 749, Use),
        (Valid, BACKING_OFF, 0, Use),
        (Valid, BACKING_OFF, 749, Use),
        // Due: used at once; one refresh, unless the last one failed a moment ago.
        (Valid, Idle, 750, UseAndRefresh),
        (Valid, Idle, 751, UseAndRefresh),
        (Valid, Idle, 969, UseAndRefresh),
        (Valid, InFlight, 750, Use),
        (Valid, InFlight, 969, Use),
        (Valid, BACKING_OFF, 750, Use),
        (Valid, BACKING_OFF, 899, Use),
        (Valid, BACKING_OFF, 900, UseAndRefresh),
        (Valid, BACKING_OFF, 969, UseAndRefresh),
        (Valid, backing_off_longer, 969, Use),
        // Expiring: wait; the current token is the last resort.
        (Valid, Idle, 970, Wait),
        (Valid, Idle, 999, Wait),
        (Valid, InFlight, 970, Wait),
        (Valid, InFlight, 999, Wait),
        (Valid, BACKING_OFF, 970, Wait),
        (Valid, backing_off_longer, 970, Use),
        (Valid, backing_off_longer, 999, Use),
        // Expired: never handed out.
        (Valid, Idle, 1000, Wait),
        (Valid, Idle, 1_000_000, Wait),
        (Valid, InFlight, 1000, Wait),
        (Valid, BACKING_OFF, 1000, Wait),
        (Valid, backing_off_longer, 1000, Fail),
        (Valid, backing_off_longer, 4000, Fail),
        (Valid, backing_off_longer, 4500, Wait),
        // A refresh token that may have been spent rests: a live token is used meanwhile.
        (Valid, InDoubt, 0, Use),
        (Valid, InDoubt, 750, Use),
        (Valid, InDoubt, 970, Use),
        (Valid, InDoubt, 1000, Wait),
        // Rejected by an API: not handed out until an exchange has answered.
        (Rejected, Idle, 0, Wait),
        (Rejected, Idle, 800, Wait),
        (Rejected, InFlight, 0, Wait),
        (Rejected, InDoubt, 0, Wait),
        (Rejected, BACKING_OFF, 0, Fail),
        (Rejected, BACKING_OFF, 899, Fail),
        (Rejected, BACKING_OFF, 900, Wait),
        (Rejected, backing_off_longer, 999, Fail),
        (Rejected, backing_off_longer, 1000, Fail),
        (Rejected, Idle, 1000, Wait),
        // Revoked by the vendor: as good as expired, however young.
        (Revoked, Idle, 0, Wait),
        (Revoked, InFlight, 0, Wait),
        (Revoked, BACKING_OFF, 0, Fail),
        (Revoked, BACKING_OFF, 899, Fail),
        (Revoked, BACKING_OFF, 900, Wait),
        (Revoked, backing_off_longer, 1000, Fail),
    ];
    assert!(table.len() >= 40);
    for (status, refresh, seconds, expected) in table {
        assert_eq!(
            decided(status, refresh, later(seconds)),
            expected,
            "{status:?} {refresh:?} {seconds}"
        );
    }
}

// FAULTS.md row 71
#[test]
fn a_token_that_the_exchange_ends_is_not_handed_out_while_it_runs() {
    let decided = |superseded, refresh, seconds| {
        let inputs = Inputs {
            validity: validity(),
            anchor: ANCHOR,
            status: Status::Valid,
            refresh,
            exchange_ends_it: true,
            superseded,
        };
        decide(&inputs, &later(seconds))
    };
    assert_eq!(decided(false, RefreshState::Idle, 749), Decision::Use);
    assert_eq!(decided(false, RefreshState::Idle, 750), Decision::Wait);
    assert_eq!(decided(false, RefreshState::InFlight, 750), Decision::Wait);
    assert_eq!(decided(false, BACKING_OFF, 750), Decision::Use);
    assert_eq!(decided(false, RefreshState::InFlight, 10), Decision::Use);
    assert_eq!(decided(true, RefreshState::InFlight, 10), Decision::Wait);
    assert_eq!(decided(true, RefreshState::Idle, 10), Decision::Use);
}

// FAULTS.md row 18
#[test]
fn a_wall_clock_that_steps_back_gives_a_token_no_more_life() {
    let stepped = |seconds: u64| ClockReading {
        wall: ANCHOR.wall.before(Duration::from_secs(86_400)),
        ..later(seconds)
    };
    assert_eq!(
        decided(Status::Valid, RefreshState::Idle, stepped(10)),
        Decision::Use
    );
    assert_eq!(
        decided(Status::Valid, RefreshState::Idle, stepped(800)),
        Decision::UseAndRefresh
    );
    assert_eq!(
        decided(Status::Valid, RefreshState::Idle, stepped(1000)),
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
        decided(Status::Valid, RefreshState::Idle, stepped),
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
        decided(Status::Valid, RefreshState::Idle, only_elapsed),
        Decision::Wait
    );
}

#[test]
fn extreme_clocks_do_not_panic() {
    for wall in [Timestamp::MIN, Timestamp::MAX] {
        for elapsed in [Duration::ZERO, Duration::MAX] {
            decided(Status::Valid, BACKING_OFF, ClockReading { wall, elapsed });
        }
    }
}
