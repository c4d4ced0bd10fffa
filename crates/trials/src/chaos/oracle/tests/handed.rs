use super::*;
use crate::chaos::learned::Signed;

#[test]
fn a_token_is_handed_out_until_it_expires() {
    let mut oracle = after(&[issued(1)]);
    oracle.handed(&by(0, handed(FIRST, LIFE_MS - 1))).unwrap();
    oracle
        .handed(&by(0, handed(FIRST + 1, LIFE_MS + 999)))
        .unwrap();
    assert_eq!((oracle.tally.handed, oracle.tally.late), (2, 0));
}

#[test]
fn a_token_handed_out_after_its_expiry_is_late() {
    let late = oracle().handed(&by(3, handed(FIRST, LIFE_MS + GRAIN_MS)));
    fails_with(
        late,
        "process 3 handed out generation 10 0.022 s after its expiry",
    );
}

#[test]
fn only_the_time_from_its_issue_to_its_commit_is_excused() {
    let mut oracle = after(&[issued(1)]);
    oracle.committed(FIRST + 1, 1_800);
    let over_at = LIFE_MS + 1_000;
    oracle
        .handed(&by(0, handed(FIRST + 1, over_at + 800)))
        .unwrap();
    assert_eq!(oracle.tally.late, 1);
    let late = oracle.handed(&by(0, handed(FIRST + 1, over_at + 800 + GRAIN_MS)));
    fails_with(late, "and 0.822 s at most could not be known");
}

#[test]
fn a_second_acknowledgement_excuses_no_more_than_the_first() {
    let mut oracle = after(&[issued(1)]);
    oracle.committed(FIRST + 1, 1_000);
    oracle.survived(FIRST + 1, 600_000).unwrap();
    let late = oracle.handed(&by(0, handed(FIRST + 1, LIFE_MS + 2_000)));
    fails_with(late, "could not be known");
}

#[test]
fn a_token_that_was_never_issued_is_detected() {
    let never = oracle().handed(&by(0, handed(FIRST + 1, 0)));
    fails_with(never, "which the vendor never issued");
}

#[test]
fn two_tokens_of_one_generation_are_detected() {
    let mut oracle = oracle();
    oracle.handed(&by(0, handed(FIRST, 0))).unwrap();
    let other = Handed {
        fingerprint: 0,
        ..handed(FIRST, 0)
    };
    fails_with(oracle.handed(&by(1, other)), "two different tokens");
}

#[test]
fn the_previous_token_may_be_handed_out_under_a_newer_generation_until_it_expires() {
    let mut oracle = after(&[issued(1)]);
    oracle.handed(&by(0, handed(FIRST, 0))).unwrap();
    oracle.handed(&by(1, handed(FIRST + 1, 0))).unwrap();
    let kept = |judged_at_ms| Handed {
        fingerprint: FIRST,
        ..handed(FIRST + 1, judged_at_ms)
    };
    oracle.handed(&by(0, kept(LIFE_MS - 1))).unwrap();
    let late = oracle.handed(&by(0, kept(LIFE_MS + GRAIN_MS)));
    fails_with(late, "handed out generation 10");
}

// FAULTS.md row 72
#[test]
fn a_process_that_learned_the_vendors_clock_signs_by_it() {
    let signed = |wrong_by_ms| Handed {
        signed: Some(Signed {
            wrong_by_ms,
            known_within_ms: 100,
        }),
        ..handed(FIRST, 0)
    };
    oracle().handed(&by(0, signed(4_100))).unwrap();
    let wrong = oracle().handed(&by(0, signed(-10_800_000)));
    fails_with(
        wrong,
        "wrong by -10800 s though it learned the vendor's to 4 s",
    );
}
