use super::*;

fn kept(journal: &[Answer]) -> Oracle {
    let mut oracle = oracle_of(RotationMode::Kept);
    oracle.read(journal).unwrap();
    oracle
}

/// Returns a refresh at a vendor that keeps the refresh token: all present the same one, long after
/// each other.
fn with_kept_token(refresh: u64) -> Answer {
    Answer {
        credential: 1,
        at_ms: i64::try_from(refresh).unwrap() * 1_000_000,
        ..issued(refresh)
    }
}

#[test]
fn a_kept_grant_has_as_many_generations_as_exchanges() {
    let journal = [with_kept_token(1), with_kept_token(2)];
    let mut oracle = kept(&journal);
    oracle
        .explain_unheard(&journal, FIRST + 2, &Deaths::default())
        .unwrap();
    oracle.end(FIRST + 2);
    oracle.adds_up().unwrap();
    assert_eq!(oracle.tally.unheard, 0);
}

#[test]
fn an_exchange_of_a_kept_grant_that_is_no_generation_must_be_explained() {
    let journal = [with_kept_token(1), with_kept_token(2)];
    let survived = kept(&journal).explain_unheard(&journal, FIRST + 1, &Deaths::default());
    fails_with(
        survived,
        "1 tokens were issued in this round and are not in the store, and 0 of them",
    );
    let mut oracle = kept(&journal);
    oracle
        .explain_unheard(&journal, FIRST + 1, &killed())
        .unwrap();
    oracle.end(FIRST + 1);
    oracle.adds_up().unwrap();
    let journal = [undelivered(with_kept_token(1)), with_kept_token(2)];
    let mut oracle = kept(&journal);
    oracle
        .explain_unheard(&journal, FIRST + 1, &Deaths::default())
        .unwrap();
}

// FAULTS.md row 97
#[test]
fn a_token_of_a_kept_grant_that_was_complete_on_disk_is_not_explained_by_a_death() {
    let journal = [with_kept_token(1), with_kept_token(2)];
    let whole = |generation| Deaths {
        whole_on_disk: Some(generation),
        ..killed()
    };
    let explained = kept(&journal).explain_unheard(&journal, FIRST + 1, &whole(FIRST + 1));
    fails_with(explained, "and 0 of them were not delivered");
    let intent_alone = whole(FIRST);
    let mut oracle = kept(&journal);
    oracle
        .explain_unheard(&journal, FIRST + 1, &intent_alone)
        .unwrap();
}

#[test]
fn one_explanation_does_not_do_for_two_rounds() {
    let one = [undelivered(with_kept_token(1)), with_kept_token(2)];
    let mut oracle = kept(&one);
    oracle
        .explain_unheard(&one, FIRST + 1, &Deaths::default())
        .unwrap();
    let two = [&one[..], &[with_kept_token(3)]].concat();
    oracle.read(&two).unwrap();
    let survived = oracle.explain_unheard(&two, FIRST + 1, &Deaths::default());
    fails_with(survived, "and 0 of them were not delivered");
}

#[test]
fn a_token_that_died_with_its_process_shares_its_generation_with_the_next() {
    let journal = [with_kept_token(1), with_kept_token(2)];
    for is_followed in [false, true] {
        let mut oracle = kept(&journal);
        oracle
            .explain_unheard(&journal, FIRST + 1, &killed())
            .unwrap();
        oracle.committed(FIRST + 1, 2_000_000);
        if is_followed {
            let next = Begun {
                grant: Some(6),
                generation: FIRST + 2,
                issued_at_ms: 3_000_000,
                expires_at_ms: 3_000_000 + LIFE_MS,
            };
            oracle.begin(&next, journal.len());
        }
        takes_two_tokens(&mut oracle, handed(FIRST + 1, 2_000_000));
    }
}

#[test]
fn a_kept_grant_is_never_lost() {
    let journal = [undelivered(with_kept_token(1)), refused()];
    let lost = kept(&journal).lost(&journal, FIRST, &killed());
    fails_with(lost, "keeps refresh tokens");
}

#[test]
fn a_token_of_a_kept_grant_is_handed_out_until_it_expires() {
    let mut oracle = kept(&[with_kept_token(1)]);
    oracle.committed(FIRST + 1, 1_000_000);
    let over_at = LIFE_MS + 1_000_000;
    oracle
        .handed(&by(0, handed(FIRST + 1, over_at - 1)))
        .unwrap();
    let late = oracle.handed(&by(0, handed(FIRST + 1, over_at + GRAIN_MS)));
    fails_with(late, "after its expiry");
    let never = oracle.handed(&by(0, handed(FIRST + 2, over_at)));
    fails_with(never, "which the vendor never issued");
}

#[test]
fn of_a_kept_grant_every_generation_up_to_a_committed_one_is_known() {
    let mut oracle = kept(&[with_kept_token(1), with_kept_token(2)]);
    oracle.committed(FIRST + 2, 2_000_000);
    oracle.handed(&by(0, handed(FIRST + 1, 0))).unwrap();
}

// FAULTS.md row 56
#[test]
fn an_intent_does_not_outlive_its_outcome() {
    let stands = oracle().intent_stands(FIRST + 1, FIRST);
    fails_with(
        stands,
        "an intent to spend generation 10 stands beside generation 11",
    );
    oracle().intent_stands(FIRST + 1, FIRST + 1).unwrap();
}

/// Returns the first refresh, repeated.
fn repeated() -> Answer {
    issued(1)
}

fn grace(journal: &[Answer]) -> Oracle {
    let mut oracle = oracle_of(RotationMode::Grace);
    oracle.read(journal).unwrap();
    oracle
}

#[test]
fn a_repetition_by_grace_is_no_generation_and_may_be_another_token() {
    let journal = [undelivered(issued(1)), repeated()];
    let mut oracle = grace(&journal);
    oracle
        .explain_unheard(&journal, FIRST + 1, &Deaths::default())
        .unwrap();
    takes_two_tokens(&mut oracle, handed(FIRST + 1, 2_000));
    oracle.end(FIRST + 1);
    oracle.adds_up().unwrap();
}

#[test]
fn only_the_newest_token_is_repeated_by_grace() {
    let mut oracle = oracle_of(RotationMode::Grace);
    let journal = [issued(1), issued(2), repeated()];
    fails_with(
        oracle.read(&journal),
        "the vendor issued generation 2 of a grant of which it had issued 3",
    );
}

#[test]
fn a_grant_is_not_lost_within_the_vendors_grace() {
    let refused_after = |ms: i64| Answer {
        at_ms: 1_000 + ms,
        ..refused()
    };
    let journal = [undelivered(issued(1)), refused_after(60_000)];
    let lost = grace(&journal).lost(&journal, FIRST, &Deaths::default());
    fails_with(lost, "within the vendor's grace");
    let journal = [undelivered(issued(1)), refused_after(60_001)];
    grace(&journal)
        .lost(&journal, FIRST, &Deaths::default())
        .unwrap();
}
