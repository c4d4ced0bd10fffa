//! How long a refresh token rests that may have been spent.

use super::*;

// FAULTS.md row 51
#[test]
fn a_token_that_may_have_been_spent_rests_by_its_rotation() {
    let in_doubt = Error::new(ErrorKind::InDoubt, "cut off");
    let rest = |rotation, left: Duration, later: Duration| {
        let failures = Failures::default();
        note(&failures, &in_doubt, rotation, left, SECOND * 1000);
        let now = SECOND * 1000 + later;
        failures
            .until(&living(left.saturating_sub(later)), now)
            .unwrap()
            - SECOND * 1000
    };
    assert_eq!(
        rest(Rotation::SingleUse, HOUR, Duration::ZERO),
        SECOND * 300
    );
    assert_eq!(
        rest(Rotation::SingleUse, SECOND * 100, Duration::ZERO),
        SECOND * 100
    );
    assert_eq!(
        rest(Rotation::SingleUse, Duration::ZERO, Duration::ZERO),
        SECOND * 15
    );
    // The access token was over, or refused, 4 s later.
    assert_eq!(
        rest(Rotation::SingleUse, SECOND * 4, SECOND * 4),
        SECOND * 15
    );
    assert_eq!(
        rest(Rotation::Grace(SECOND * 30), HOUR, Duration::ZERO),
        SECOND
    );
    assert_eq!(
        rest(Rotation::Grace(SECOND * 30), HOUR, SECOND * 31),
        SECOND * 300
    );
    assert_eq!(rest(Rotation::Idempotent, HOUR, Duration::ZERO), SECOND);
}

// FAULTS.md row 51
#[test]
fn a_grace_counts_from_the_first_send_and_what_lives_no_more_needs_no_rest() {
    let in_doubt = Error::new(ErrorKind::InDoubt, "cut off");
    let failures = Failures::default();
    for sent in [1000, 1020] {
        note(
            &failures,
            &in_doubt,
            Rotation::Grace(SECOND * 30),
            HOUR,
            SECOND * sent,
        );
    }
    let until = |left, now: u32| failures.until(&living(left), SECOND * now).unwrap();
    assert!(until(HOUR, 1025) <= SECOND * 1025);
    assert_eq!(until(HOUR, 1031), SECOND * 1320);
    assert!(until(Duration::ZERO, 1031) <= SECOND * 1031);
}

// FAULTS.md row 51
#[test]
fn only_a_refusal_of_the_grant_ends_a_doubt() {
    let failures = Failures::default();
    let now = SECOND * 1000;
    note(
        &failures,
        &Error::new(ErrorKind::InDoubt, "cut"),
        Rotation::SingleUse,
        HOUR,
        now,
    );
    note(
        &failures,
        &Error::new(OUTAGE, "down"),
        Rotation::SingleUse,
        HOUR,
        now,
    );
    assert_eq!(
        failures.until(&living(HOUR), now).unwrap() - now,
        SECOND * 300
    );
    let refused = Error::new(ErrorKind::Rejected, "dead").as_vendors_word();
    note(&failures, &refused, Rotation::SingleUse, HOUR, now);
    failures.forget_refusal();
    assert!(failures.until(&living(HOUR), now).unwrap() <= now);
}
