use super::*;
use crate::chaos::oracle::rests::HEAD_START_MS;

/// Returns a refresh whose answer was not delivered, at the end of the first second.
fn doubt() -> Answer {
    undelivered(issued(1))
}

/// Returns a request with the same refresh token, this long after.
fn again(after_ms: i64) -> Answer {
    Answer {
        credential: doubt().credential,
        at_ms: doubt().at_ms + after_ms,
        ..refused()
    }
}

#[test]
fn a_refresh_token_in_doubt_rests_while_its_access_token_lives() {
    let too_soon = [doubt(), again(299_000 - HEAD_START_MS)];
    fails_with(oracle().read(&too_soon), "sent again 296 s after");
    oracle().read(&[doubt(), again(300_000)]).unwrap();
}

#[test]
fn once_the_access_token_has_expired_a_refresh_token_in_doubt_rests_for_the_shortest_time() {
    let at_its_end = |seconds: i64| Answer {
        at_ms: LIFE_MS + seconds * 1_000,
        ..doubt()
    };
    let again = |seconds: i64| Answer {
        at_ms: at_its_end(seconds).at_ms,
        ..again(0)
    };
    fails_with(oracle().read(&[at_its_end(0), again(11)]), "rests for 15 s");
    oracle().read(&[at_its_end(0), again(15)]).unwrap();
    oracle().read(&[at_its_end(-60), again(1)]).unwrap();
}

#[test]
fn a_process_whose_clock_calls_a_valid_token_expired_rests_for_the_shortest_time() {
    let mut oracle = oracle();
    oracle.set_clocks(Clocks::Stepped);
    oracle.read(&[doubt(), again(20_000)]).unwrap();
    oracle = self::oracle();
    oracle.set_clocks(Clocks::Stepped);
    fails_with(oracle.read(&[doubt(), again(10_000)]), "rests for 15 s");
}

#[test]
fn a_request_that_was_cut_off_before_the_vendor_saw_it_leaves_a_doubt_too() {
    let unasked = |delivered| Answer {
        outcome: Outcome::Unasked,
        grant: None,
        delivered,
        ..issued(1)
    };
    fails_with(
        oracle().read(&[unasked(false), again(1_000)]),
        "sent again 1 s after",
    );
    oracle().read(&[unasked(true), again(1_000)]).unwrap();
}

#[test]
fn a_refusal_leaves_no_doubt_and_another_token_has_none() {
    let other = Answer {
        credential: 98,
        ..again(1_000)
    };
    oracle().read(&[again(0), again(1_000)]).unwrap();
    oracle().read(&[doubt(), other]).unwrap();
}

#[test]
fn within_a_vendors_grace_nothing_rests() {
    let mut oracle = oracle_of(RotationMode::Grace);
    oracle.read(&[doubt(), again(0)]).unwrap();
}

#[test]
fn a_kept_token_whose_answer_arrived_is_sent_for_the_next() {
    let next = |refresh: u64| Answer {
        credential: 1,
        ..issued(refresh)
    };
    let mut oracle = oracle_of(RotationMode::Kept);
    oracle.read(&[next(1), next(2)]).unwrap();
    let mut oracle = oracle_of(RotationMode::Kept);
    fails_with(
        oracle.read(&[undelivered(next(1)), next(2)]),
        "sent again 1 s after",
    );
}
