use super::*;

// FAULTS.md row 97
#[test]
fn a_token_that_was_complete_on_disk_and_not_recovered_is_our_loss() {
    let journal = [issued(1), refused()];
    let whole = |generation| Deaths {
        whole_on_disk: Some(generation),
        ..killed()
    };
    let lost = after(&journal).lost(&journal, FIRST, &whole(FIRST + 1));
    fails_with(lost, "generation 11 was complete on disk");
    after(&journal)
        .lost(&journal, FIRST, &whole(FIRST))
        .unwrap();
}

fn logout(removed: u64) -> LogOut {
    LogOut {
        removed: Some(removed),
        revoked: true,
    }
}

#[test]
fn a_logout_may_overtake_one_exchange() {
    let mut oracle = after(&[issued(1), issued(2)]);
    oracle.logged_out(&logout(FIRST + 1)).unwrap();
    oracle.adds_up().unwrap();
    assert_eq!(oracle.tally.overtaken, 1);
    let mut oracle = after(&[issued(1), issued(2)]);
    fails_with(
        oracle.logged_out(&logout(FIRST)),
        "2 tokens were issued that were not in the store",
    );
}

#[test]
fn a_logout_removes_no_generation_that_was_never_issued() {
    let mut oracle = after(&[issued(1)]);
    fails_with(
        oracle.logged_out(&logout(FIRST + 2)),
        "more tokens than the vendor issued",
    );
}

// FAULTS.md row 60
#[test]
fn nothing_is_written_over_a_tombstone() {
    let written_over = LogOut {
        removed: None,
        ..logout(FIRST)
    };
    fails_with(oracle().logged_out(&written_over), "no tombstone stands");
}

// FAULTS.md row 62
#[test]
fn a_logout_revokes_the_grant() {
    let silent = LogOut {
        revoked: false,
        ..logout(FIRST)
    };
    fails_with(oracle().logged_out(&silent), "was not revoked");
}

// FAULTS.md row 61
#[test]
fn a_process_that_knows_of_a_logout_hands_out_no_token_of_the_grant() {
    let mut oracle = oracle();
    oracle.logged_out(&logout(FIRST)).unwrap();
    let ignorant = by(2, handed(FIRST, 1_000));
    oracle.handed(&ignorant).unwrap();
    let knowing = HandedOut {
        knew_of_logout: true,
        ..ignorant
    };
    fails_with(
        oracle.handed(&knowing),
        "process 2 handed out generation 10 of a grant that it knew",
    );
}

// FAULTS.md row 37
#[test]
fn the_token_of_a_late_exchange_is_not_handed_out() {
    let mut oracle = after(&[issued(1)]);
    oracle.logged_out(&logout(FIRST)).unwrap();
    let late = by(1, handed(FIRST + 1, 1_000));
    fails_with(
        oracle.handed(&late),
        "generation 11 after a logout that had removed generation 10",
    );
}

#[test]
fn the_grant_after_a_logout_goes_on_with_its_own_tokens() {
    let mut oracle = after(&[issued(1)]);
    oracle.logged_out(&logout(FIRST)).unwrap();
    let begun = Begun {
        grant: Some(6),
        generation: FIRST + 1,
        issued_at_ms: 2_000,
        expires_at_ms: LIFE_MS + 2_000,
    };
    oracle.begin(&begun, 1);
    let token = HandedOut {
        knew_of_logout: true,
        ..by(1, handed(FIRST + 1, 3_000))
    };
    oracle.handed(&token).unwrap();
}

fn redemption() -> Answer {
    Answer {
        kind: Kind::Redemption,
        outcome: Outcome::Issued { generation: 1 },
        grant: Some(6),
        credential: 77,
        at_ms: 4_000,
        ..issued(1)
    }
}

#[test]
fn a_redemption_begins_a_grant_that_goes_on() {
    let next = Answer {
        grant: Some(6),
        credential: 60,
        ..issued(1)
    };
    let journal = [issued(1), redemption(), next];
    let mut oracle = after(&journal);
    oracle.redeemed(&journal, FIRST + 2).unwrap();
    oracle.read(&journal).unwrap();
    oracle.survived(FIRST + 3, 9_000).unwrap();
    oracle.end(FIRST + 3);
    oracle.adds_up().unwrap();
    assert_eq!((oracle.tally.exchanges, oracle.tally.generations), (3, 3));
}

#[test]
fn the_grant_of_a_redemption_is_not_replaced_by_the_one_before() {
    let of_before = issued(2);
    let journal = [issued(1), redemption(), of_before];
    let mut oracle = after(&journal);
    oracle.redeemed(&journal, FIRST + 2).unwrap();
    oracle.read(&journal).unwrap();
    let survived = oracle.survived(FIRST + 3, 9_000);
    fails_with(
        survived,
        "the vendor issued 0 tokens of this grant, and the store holds the 1th",
    );
    oracle.survived(FIRST + 2, 9_000).unwrap();
    oracle.end(FIRST + 2);
    oracle.adds_up().unwrap();
}

#[test]
fn a_redemption_that_the_vendor_does_not_know_is_detected() {
    let redeemed = after(&[issued(1)]).redeemed(&[issued(1)], FIRST + 2);
    fails_with(redeemed, "the vendor knows nothing of it");
}

// FAULTS.md row 57
#[test]
fn a_refused_redemption_is_no_refusal_of_the_grant() {
    let refused = Answer {
        kind: Kind::Redemption,
        grant: None,
        ..refused()
    };
    let journal = [issued(1), refused];
    let mut oracle = after(&journal);
    oracle.survived(FIRST + 1, 0).unwrap();
    fails_with(
        oracle.lost(&journal, FIRST + 1, &Deaths::default()),
        "that was not refused",
    );
}
