use proptest::prelude::*;
use token_core::Rotation;
use token_core::reexports::http::StatusCode;

use super::*;

mod doubt;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const OUTAGE: ErrorKind = ErrorKind::Transient { after: None };

fn living(left: Duration) -> Life {
    Life {
        usable: !left.is_zero(),
        left,
        total: HOUR,
    }
}

fn note(
    failures: &Failures,
    error: &Error,
    rotation: Rotation,
    left: Duration,
    now: Duration,
) -> Vec<Event> {
    let failed = NewFailure {
        error,
        rotation,
        life: living(left),
        now,
        sent: now,
        drawn: u32::MAX,
        brought: Brought::Nothing,
    };
    failures.note(&failed, &Backoff::default())
}

/// The pause after so many failures of this kind, the last of them at `now`.
fn after(times: u32, error: &Error, left: Duration) -> (Failures, Duration) {
    let failures = Failures::default();
    let now = SECOND * 1000;
    for _ in 0..times {
        note(&failures, error, Rotation::Idempotent, left, now);
    }
    let until = failures.until(&living(left), now).unwrap();
    (failures, until - now)
}

fn answered(kind: ErrorKind, status: u16) -> Error {
    Error::new(kind, "refused").with_status(StatusCode::from_u16(status).unwrap())
}

// FAULTS.md row 65
#[test]
fn no_pause_of_our_own_outlasts_the_token_and_at_its_end_there_is_one_attempt() {
    let outage = Error::new(OUTAGE, "down");
    let (failures, pause) = after(20, &outage, SECOND * 60);
    assert_eq!(pause, SECOND * 60);
    let at_the_end = SECOND * 1060;
    assert!(failures.until(&living(Duration::ZERO), at_the_end).unwrap() <= at_the_end);
    note(
        &failures,
        &outage,
        Rotation::Idempotent,
        Duration::ZERO,
        at_the_end,
    );
    assert!(failures.until(&living(Duration::ZERO), at_the_end).unwrap() > at_the_end);
}

// FAULTS.md row 108
#[test]
fn without_a_live_token_a_failure_that_passes_is_waited_out_for_ten_seconds_at_most() {
    let lives = [(HOUR, 10_000), (SECOND * 120, 10_000), (SECOND * 8, 1_000)];
    for (life, millis) in lives {
        let failures = Failures::default();
        for _ in 0..20 {
            let failed = NewFailure {
                error: &Error::new(OUTAGE, "down"),
                rotation: Rotation::Idempotent,
                life: Life {
                    total: life,
                    ..living(Duration::ZERO)
                },
                now: SECOND * 1000,
                sent: SECOND * 1000,
                drawn: u32::MAX,
                brought: Brought::Nothing,
            };
            failures.note(&failed, &Backoff::default());
        }
        let over = Life {
            total: life,
            ..living(Duration::ZERO)
        };
        let pause = failures.until(&over, Duration::ZERO).unwrap() - SECOND * 1000;
        assert_eq!(pause, Duration::from_millis(millis), "{life:?}");
    }
    for kind in [ErrorKind::Config, ErrorKind::Rejected] {
        let (_, pause) = after(
            1,
            &Error::new(kind, "wrong").as_vendors_word(),
            Duration::ZERO,
        );
        assert_eq!(pause, SECOND * 300);
    }
}

// FAULTS.md rows 32 and 45
#[test]
fn what_the_vendor_asks_for_is_obeyed_with_a_token_and_without_one() {
    let after_an_hour = ErrorKind::Throttled { after: Some(HOUR) };
    let frozen = ErrorKind::Locked { after: HOUR };
    for kind in [after_an_hour, frozen] {
        for left in [Duration::ZERO, SECOND * 60] {
            assert_eq!(after(1, &Error::new(kind, "later"), left).1, HOUR);
        }
    }
}

// FAULTS.md row 66
#[test]
fn the_first_three_answers_that_are_not_the_vendors_cause_short_pauses() {
    let foreign = answered(ErrorKind::Config, 404);
    for (times, seconds) in [(1, 1), (2, 2), (3, 4), (4, 300)] {
        assert_eq!(after(times, &foreign, HOUR).1, SECOND * seconds, "{times}");
    }
    let vendors = foreign.as_vendors_word();
    assert_eq!(after(1, &vendors, HOUR).1, SECOND * 300);
}

// FAULTS.md row 67
#[test]
fn a_login_is_called_for_when_the_vendor_answers_refreshes_but_not_with_a_token() {
    let refused = |kind, status| {
        let base = token_core::BaseUrl::parse("https://a.example", token_core::PlainHttp::Refused)
            .unwrap();
        let request = token_core::Request::post(&base, "/t")
            .build(Step::Refresh)
            .unwrap();
        answered(kind, status).with_request(&request)
    };
    let called_for = |error: &Error, times, left| {
        after(times, error, left)
            .0
            .calls_for_login(|| living(left).usable)
    };
    for error in [
        refused(OUTAGE, 500),
        refused(ErrorKind::Protocol, 403),
        refused(ErrorKind::Config, 404),
    ] {
        assert!(called_for(&error, 1, Duration::ZERO));
        assert!(!called_for(&error, 2, HOUR));
        assert!(called_for(&error, 3, HOUR));
    }
    for error in [
        refused(OUTAGE, 503),
        refused(ErrorKind::Throttled { after: None }, 429),
        refused(ErrorKind::Locked { after: SECOND }, 400),
        refused(ErrorKind::Config, 400).as_vendors_word(),
        Error::new(OUTAGE, "no connection"),
    ] {
        assert!(!called_for(&error, 9, Duration::ZERO), "{error}");
    }
}

// FAULTS.md row 77
#[test]
fn a_refusal_that_stays_the_same_for_long_is_told_once_as_a_login_may_be_needed() {
    let failures = Failures::default();
    let unknown = answered(ErrorKind::Protocol, 400);
    let mut told = Vec::new();
    for minute in 0..60 {
        let now = SECOND * 60 * minute;
        let events = note(
            &failures,
            &unknown,
            Rotation::SingleUse,
            Duration::ZERO,
            now,
        );
        let is_told = events
            .iter()
            .any(|event| matches!(event, Event::LoginMayBeNeeded { .. }));
        told.extend(is_told.then_some(minute));
    }
    assert_eq!(told, [15]);
}

proptest! {
    #[test]
    fn no_numbers_make_a_pause_panic(
        now: u64, left: u64, life: u64, times in 1_u32..50, drawn: u32, after: Option<u64>, grace: u64,
    ) {
        let failures = Failures::default();
        let lives = Life {
            usable: left > 0,
            left: Duration::from_millis(left),
            total: Duration::from_millis(life),
        };
        let kind = ErrorKind::Throttled { after: after.map(Duration::from_millis) };
        for kind in [kind, ErrorKind::InDoubt] {
            for _ in 0..times {
                let failed = NewFailure {
                    error: &Error::new(kind, "any"),
                    rotation: Rotation::Grace(Duration::from_millis(grace)),
                    life: lives,
                    now: Duration::from_millis(now),
                    sent: Duration::from_millis(now),
                    drawn,
                    brought: Brought::Nothing,
                };
                failures.note(&failed, &Backoff::default());
            }
            let now = Duration::from_millis(now);
            let until = failures.until(&lives, now).unwrap();
            if let Some(after) = after {
                let asked = now.saturating_add(Duration::from_millis(after));
                prop_assert!(kind == ErrorKind::InDoubt || until >= asked);
            }
        }
    }
}

#[test]
fn what_the_store_no_longer_tells_leaves_what_failed_here() {
    let (told, outage) = (
        answered(ErrorKind::Rejected, 400),
        Error::new(OUTAGE, "down"),
    );
    let failures = Failures::default();
    let left = Duration::ZERO;
    assert!(failures.tell_refusal(&told, SECOND));
    failures.end_told_refusal();
    assert!(failures.last().is_none());
    for (error, is_refused) in [(&outage, false), (&told, true)] {
        failures.tell_refusal(&told, SECOND);
        note(&failures, error, Rotation::Idempotent, left, SECOND);
        failures.end_told_refusal();
        assert_eq!(failures.last().unwrap().kind(), error.kind());
        assert_eq!(failures.refusal().is_some(), is_refused);
    }
}
