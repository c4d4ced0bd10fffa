//! Requests are signed by the vendor's clock, once it is known.

use super::*;

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
