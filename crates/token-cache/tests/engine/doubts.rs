//! An owner that died, or seems to have, after it said that it spends the token.

use std::time::Duration;

use token_cache::{Event, TokenCache};
use token_core::store::Owner;
use token_core::{ErrorKind, Generation, Rotation, TokenEndpoint, TokenStore};
use tokio::time::Instant;

use crate::acme::{
    Acme, FaultyStore, Gate, MINUTE, Op, SECOND, Setup, StoreFault, When, advance, ask,
    assert_events,
};

/// Two processes with one token of which `left` is left.
async fn with_life_left(setup: &Setup, left: Duration) -> (TokenCache, TokenCache, FaultyStore) {
    let (ours, theirs, store) = setup.two_processes().await;
    advance(60 * MINUTE - left).await;
    (ours, theirs, store)
}

/// A cache whose token is due, and whose lease ends after this long.
async fn with_lease_ttl(setup: &Setup, ttl: Duration) -> TokenCache {
    setup.cache().token().await.unwrap();
    let cache = setup.builder(&setup.store).lease_ttl(ttl).build().unwrap();
    advance(50 * MINUTE).await;
    cache
}

/// The other process is killed after the server rotated.
async fn kill_in_mid_exchange(setup: &Setup, victim: &TokenCache, store: &FaultyStore) -> Gate {
    let gate = setup.server.then_hold(When::AfterProcessing);
    victim.token_within(Duration::ZERO).await.unwrap();
    gate.reached().await;
    store.fail_with(Op::ALL, &StoreFault::Hangs);
    gate
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_kill_after_the_server_rotated_is_waited_out_tried_once_and_told_once() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, store) = with_life_left(&setup, 10 * MINUTE).await;
    let killed_at = Instant::now();
    let gate = kill_in_mid_exchange(&setup, &theirs, &store).await;
    let mut events = ours.events();
    let token = (*ours.token().await.unwrap()).clone();
    while killed_at.elapsed() < 9 * MINUTE {
        assert!(
            ours.token().await.unwrap().same_secrets_as(&token),
            "served to its end"
        );
        advance(SECOND).await;
    }
    let attempts = setup.server.requests();
    assert_eq!(
        attempts.len(),
        3,
        "the first token, the victim's attempt and ours"
    );
    let waited = attempts[2].at - killed_at;
    assert!((299..=306).contains(&waited.as_secs()), "{waited:?}");

    advance(2 * MINUTE).await;
    for _ in 0..60 {
        assert_eq!(ours.token().await.unwrap_err().kind(), ErrorKind::Rejected);
        advance(MINUTE).await;
    }
    assert_eq!(setup.server.requests().len(), 3);
    assert_events!(events, [Event::Rejected { .. }]);
    assert!(
        setup.stored().await.record.is_some(),
        "nothing is deleted because of an error"
    );
    drop(gate);
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_doubt_is_not_waited_out_for_longer_than_the_token_lives() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, store) = with_life_left(&setup, 3 * MINUTE).await;
    let killed_at = Instant::now();
    let gate = kill_in_mid_exchange(&setup, &theirs, &store).await;
    ours.token().await.unwrap();
    advance(4 * MINUTE).await;
    let waited = setup.server.requests()[2].at - killed_at;
    assert!((179..=182).contains(&waited.as_secs()), "{waited:?}");
    drop(gate);
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_commit_that_comes_while_the_doubt_is_waited_out_is_adopted_without_an_exchange() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, store) = with_life_left(&setup, 10 * MINUTE).await;
    let gate = kill_in_mid_exchange(&setup, &theirs, &store).await;
    ours.token().await.unwrap();
    advance(2 * MINUTE).await;
    store.recover();
    gate.open();
    advance(SECOND).await;
    assert_eq!(ours.current().unwrap().generation(), Generation::new(2));
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_doubt_about_a_token_with_grace_is_none_within_the_grace_only() {
    let attempt_after = async |since: Duration| {
        let setup = Setup::new(Acme::with(Rotation::Grace(MINUTE)));
        let (ours, _theirs, _store) = with_life_left(&setup, 14 * MINUTE).await;
        setup.leave_foreign_intent().await;
        advance(since).await;
        let asked = Instant::now();
        ours.token().await.unwrap();
        advance(6 * MINUTE).await;
        (setup.server.requests()[1].at - asked).as_secs()
    };
    assert_eq!(attempt_after(MINUTE / 2).await, 0);
    let waited = attempt_after(2 * MINUTE).await;
    assert!((179..=186).contains(&waited), "{waited} s");
}

// FAULTS.md rows 2 and 120
#[tokio::test(start_paused = true)]
async fn a_grace_that_ends_while_the_process_sleeps_over_the_stores_answer_is_over() {
    let setup = Setup::new(Acme::with(Rotation::Grace(MINUTE)));
    let cache = with_lease_ttl(&setup, 10 * MINUTE).await;
    setup.leave_foreign_intent().await;
    cache.load().await.unwrap();
    setup.store.freeze_after(Op::Acquire, 2 * MINUTE);
    cache.token().await.unwrap();
    advance(3 * MINUTE).await;
    assert_eq!(setup.server.count("/refresh"), 1);
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_doubt_about_a_token_that_works_again_and_again_is_none() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let (ours, _theirs, _store) = with_life_left(&setup, 10 * MINUTE).await;
    setup.leave_foreign_intent().await;
    ask(&ours).await;
    assert_eq!(ours.current().unwrap().generation(), Generation::new(2));
}

#[tokio::test(start_paused = true)]
async fn a_logout_ends_the_waiting_for_a_doubt() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _store) = with_life_left(&setup, 14 * MINUTE).await;
    setup.leave_foreign_intent().await;
    ours.token().await.unwrap();
    advance(MINUTE).await;
    _ = theirs.logout().await.unwrap();
    advance(SECOND).await;
    assert_eq!(ours.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(setup.server.count("/refresh"), 1);
}

// FAULTS.md rows 2 and 4
#[tokio::test(start_paused = true)]
async fn an_intent_stands_until_the_token_that_came_of_it_is_written() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, store) = with_life_left(&setup, 10 * MINUTE).await;
    store.fail([Op::Commit]);
    ask(&theirs).await;
    ours.token().await.unwrap();
    advance(2 * MINUTE).await;
    store.recover();
    advance(MINUTE).await;
    let (found, wanted) = (ours.current().unwrap(), theirs.current().unwrap());
    assert!(found.same_secrets_as(&wanted));
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(setup.server.reused(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_may_send_a_refresh_token_again_warns_nobody_of_its_use() {
    let spending = [Op::Acquire, Op::WriteIntent, Op::Commit, Op::Release];
    let again = [Op::Acquire, Op::Commit, Op::Release];
    let cases = [
        (Rotation::SingleUse, spending.as_slice()),
        (Rotation::Grace(MINUTE), &spending),
        (Rotation::Idempotent, &again),
    ];
    for (rotation, wanted) in cases {
        let setup = Setup::new(Acme::with(rotation));
        let cache = setup.cache();
        cache.token().await.unwrap();
        advance(50 * MINUTE).await;
        setup.store.log();
        let before = cache.current().unwrap().generation();
        cache.refresh_if(before).await.unwrap();
        advance(SECOND).await; // the lease is given back
        assert_eq!(setup.store.log(), wanted, "{rotation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_sent_again_is_sent_though_the_lease_cannot_be_renewed() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = with_lease_ttl(&setup, 6 * SECOND).await;
    let gate = setup.store.hold_answer(Op::Acquire);
    setup.store.fail([Op::Renew]);
    let asking = tokio::spawn(async move { cache.token().await.map(drop) });
    gate.reached().await;
    advance(Duration::from_secs(4)).await;
    gate.open();
    asking.await.unwrap().unwrap();
    advance(SECOND).await;
    assert_eq!(setup.server.count("/refresh"), 2);
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_new_process_is_handed_the_live_token_of_a_dead_one_while_it_waits_out_the_doubt() {
    let setup = Setup::new(Acme::single_use());
    let (_ours, theirs, store) = with_life_left(&setup, 10 * MINUTE).await;
    kill_in_mid_exchange(&setup, &theirs, &store).await;
    advance(MINUTE).await; // its lease is over
    let next = setup.newcomer();
    let began = Instant::now();
    assert_eq!(next.token().await.unwrap().generation(), Generation::new(1));
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(setup.server.requests().len(), 2, "the doubt is not over");
}

// FAULTS.md rows 8 and 10
#[tokio::test(start_paused = true)]
async fn an_intent_is_taken_back_where_the_lease_ran_out_before_anything_was_spent() {
    let setup = Setup::new(Acme::single_use());
    let cache = with_lease_ttl(&setup, 6 * SECOND).await;
    // It is frozen after the intent is written: nobody renews the lease.
    let gate = setup.store.hold_answer(Op::WriteIntent);
    setup.store.fail([Op::Renew]);
    let asking = tokio::spawn(async move { cache.token().await.map(drop) });
    gate.reached().await;
    assert!(setup.stored().await.intent.is_some());
    advance(Duration::from_secs(4)).await;
    gate.open();
    asking.await.unwrap().unwrap();
    advance(SECOND).await;
    assert!(setup.stored().await.intent.is_none());
    assert_eq!(
        setup.server.count("/refresh"),
        1,
        "nothing was spent for the second token"
    );
}

// FAULTS.md row 10
#[tokio::test(start_paused = true)]
async fn a_doubt_is_over_when_the_intent_is_taken_back() {
    let setup = Setup::new(Acme::single_use());
    let (ours, _theirs, _store) = with_life_left(&setup, 14 * MINUTE).await;
    setup.leave_foreign_intent().await;
    ours.token().await.unwrap();
    advance(MINUTE / 2).await;
    assert_eq!(setup.server.count("/refresh"), 1);
    let owner = Owner::named("a process that died");
    let memory = setup.store.memory();
    memory
        .clear_intent(&setup.acme.key(), &owner)
        .await
        .unwrap();
    advance(MINUTE / 6).await;
    assert_eq!(ours.current().unwrap().generation(), Generation::new(2));
}

// FAULTS.md rows 4 and 5
#[tokio::test(start_paused = true)]
async fn an_owner_that_lives_brings_its_token_after_an_outage_though_the_one_before_is_over() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, store) = with_life_left(&setup, Duration::ZERO).await;
    // The store cannot be written from the moment on at which the server rotated, and the lease
    // ends meanwhile.
    store.fail([Op::Commit, Op::Renew]);
    theirs.token().await.unwrap();
    advance(MINUTE * 2 / 3).await;
    let waiting = tokio::spawn(async move {
        ours.token_within(MINUTE)
            .await
            .map(|token| (*token).clone())
    });
    advance(SECOND).await;
    store.recover();
    let token = waiting.await.unwrap().unwrap();
    assert!(token.same_secrets_as(&theirs.current().unwrap()));
    assert_eq!(setup.server.count("/refresh"), 2);
    assert_eq!(setup.server.reused(), 0);
}
