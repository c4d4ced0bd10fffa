mod endings;
mod handed;
mod rests;
mod rotations;

use anyhow::Result;
use token_sim::{Kind, Outcome};

use super::lifetimes::GRAIN_MS;
use super::*;
use crate::chaos::protocol::Handed;
use crate::chaos::rotation::{LIFE_MS, RotationMode};
use crate::chaos::worker_state::HandedOut;

/// The first token's generation; it is issued at zero.
const FIRST: u64 = 10;

/// The vendor's number of the grant.
const GRANT: Option<usize> = Some(5);

fn oracle_of(rotation: RotationMode) -> Oracle {
    let mut oracle = Oracle::new(rotation);
    let begun = Begun {
        grant: GRANT,
        generation: FIRST,
        issued_at_ms: 0,
        expires_at_ms: LIFE_MS,
    };
    oracle.begin(&begun, 0);
    oracle
}

fn oracle() -> Oracle {
    oracle_of(RotationMode::SingleUse)
}

/// Returns the nth refresh of the grant, each a second after the previous one.
fn issued(refresh: u64) -> Answer {
    let generation = refresh + 1;
    Answer {
        kind: Kind::Refresh,
        outcome: Outcome::Issued { generation },
        delivered: true,
        grant: GRANT,
        credential: refresh,
        at_ms: i64::try_from(refresh).unwrap() * 1_000,
    }
}

fn undelivered(answer: Answer) -> Answer {
    Answer {
        delivered: false,
        ..answer
    }
}

fn refused() -> Answer {
    Answer {
        outcome: Outcome::Refused {
            code: "invalid_grant".to_owned(),
        },
        credential: 99,
        at_ms: 5_000,
        ..issued(1)
    }
}

fn killed() -> Deaths {
    Deaths {
        receivers: 1,
        ..Deaths::default()
    }
}

fn after(journal: &[Answer]) -> Oracle {
    let mut oracle = oracle();
    oracle.read(journal).unwrap();
    oracle
}

fn handed(generation: u64, judged_at_ms: i64) -> Handed {
    Handed {
        number: 1,
        generation,
        fingerprint: generation,
        judged_at_ms,
        at_us: 0,
        signed: None,
    }
}

fn by(process: usize, handed: Handed) -> HandedOut {
    HandedOut {
        process,
        handed,
        knew_of_logout: false,
    }
}

/// Asserts that two different tokens may be handed out in place of this one, and no third.
#[track_caller]
fn takes_two_tokens(oracle: &mut Oracle, token: Handed) {
    let mut hand_out = |fingerprint| {
        let token = Handed {
            fingerprint,
            ..token
        };
        oracle.handed(&by(0, token))
    };
    hand_out(1).unwrap();
    hand_out(2).unwrap();
    fails_with(hand_out(3), "two different tokens");
}

#[track_caller]
fn fails_with(verdict: Result<()>, by: &str) {
    let error = verdict.unwrap_err();
    assert!(error.to_string().contains(by), "{error}");
}

#[test]
fn as_many_generations_as_exchanges_are_right() {
    let mut oracle = after(&[issued(1), issued(2)]);
    oracle.survived(FIRST + 2, 9_000).unwrap();
    oracle.end(FIRST + 2);
    oracle.adds_up().unwrap();
}

#[test]
fn an_exchange_that_is_no_generation_does_not_add_up() {
    let mut oracle = after(&[issued(1), issued(2)]);
    oracle.end(FIRST + 1);
    fails_with(oracle.adds_up(), "2 exchanges, 1 generations, 0 lost");
}

#[test]
fn a_grant_does_not_survive_a_token_that_is_not_in_the_store() {
    let mut oracle = after(&[issued(1), issued(2)]);
    fails_with(oracle.survived(FIRST + 1, 0), "the store holds the 1th");
}

#[test]
fn a_grant_that_lives_is_not_refused() {
    let mut oracle = after(&[issued(1), refused()]);
    fails_with(oracle.survived(FIRST + 1, 0), "of a grant that lives");
}

#[test]
fn after_a_loss_every_process_may_be_refused_once() {
    let straggler = || Answer {
        grant: Some(4),
        ..refused()
    };
    let mut oracle = after(&[straggler(), straggler(), straggler()]);
    fails_with(oracle.forgive_stragglers(2), "3 exchanges were refused");
    oracle.forgive_stragglers(3).unwrap();
    oracle.survived(FIRST, 0).unwrap();
}

#[test]
fn the_vendor_issues_one_generation_after_the_other() {
    fails_with(
        oracle().read(&[issued(2)]),
        "the vendor issued generation 3",
    );
}

#[test]
fn an_exchange_under_way_is_looked_at_when_it_is_over() {
    let mut oracle = oracle();
    let pending = Answer {
        outcome: Outcome::Pending,
        ..issued(1)
    };
    oracle.read(&[pending, issued(2)]).unwrap();
    assert_eq!(oracle.issued(), 0);
    oracle.read(&[issued(1), issued(2)]).unwrap();
    assert_eq!(oracle.issued(), 2);
}

#[test]
fn a_loss_is_explained_by_an_answer_that_was_not_delivered() {
    let journal = [issued(1), undelivered(issued(2)), refused()];
    let mut oracle = after(&journal);
    oracle
        .lost(&journal, FIRST + 1, &Deaths::default())
        .unwrap();
    oracle.adds_up().unwrap();
    assert_eq!((oracle.tally.undelivered, oracle.tally.killed), (1, 0));
}

#[test]
fn a_loss_is_explained_by_the_death_of_its_only_receiver() {
    let journal = [issued(1), refused()];
    let mut oracle = after(&journal);
    oracle.lost(&journal, FIRST, &killed()).unwrap();
    oracle.adds_up().unwrap();
    assert_eq!((oracle.tally.undelivered, oracle.tally.killed), (0, 1));
}

#[test]
fn a_process_may_go_on_with_an_earlier_grant_after_a_loss() {
    let earlier = Answer {
        grant: Some(4),
        credential: 50,
        at_ms: 6_000,
        ..issued(1)
    };
    let journal = [issued(1), undelivered(issued(2)), refused(), earlier];
    for stored in [FIRST + 1, FIRST + 2] {
        let mut oracle = after(&journal);
        assert!(oracle.is_revived());
        oracle.lost(&journal, stored, &Deaths::default()).unwrap();
        oracle.adds_up().unwrap();
    }
    let lost = after(&journal).lost(&journal, FIRST + 3, &Deaths::default());
    fails_with(lost, "2 tokens were issued and 2 of them are durable");
    // Callers may have got the lost one from memory.
    let mut oracle = after(&journal);
    takes_two_tokens(&mut oracle, handed(FIRST + 2, 6_000));
}

#[test]
fn a_loss_without_explanation_is_detected() {
    let journal = [issued(1), refused()];
    let lost = after(&journal).lost(&journal, FIRST, &Deaths::default());
    fails_with(lost, "a process that was not killed");
}

#[test]
fn a_loss_is_not_explained_if_the_last_token_is_durable() {
    let journal = [undelivered(issued(1)), refused()];
    let lost = after(&journal).lost(&journal, FIRST + 1, &killed());
    fails_with(lost, "1 tokens were issued and 1 of them are durable");
}

#[test]
fn two_tokens_lost_at_once_are_one_too_many() {
    let journal = [undelivered(issued(1)), undelivered(issued(2)), refused()];
    let lost = after(&journal).lost(&journal, FIRST, &killed());
    fails_with(lost, "2 tokens were issued and 0 of them are durable");
}

#[test]
fn a_grant_is_not_dead_before_an_exchange_was_refused() {
    let journal = [undelivered(issued(1))];
    let lost = after(&journal).lost(&journal, FIRST, &killed());
    fails_with(lost, "that was not refused");
}
