//! A grant that the vendor refused, as the store tells the processes that come after.

use token_cache::{Event, GrantState, TokenCache};
use token_core::store::{CommitCondition, Due, Record};
use token_core::{ErrorKind, Generation, Rotation, Secret, Token, TokenEndpoint, TokenStore};

use crate::acme::{Acme, Fault, MINUTE, Op, SECOND, Setup, advance, received, spawn_token};

const DEAD: &str = "invalid_grant";

/// Lets the vendor refuse the refresh of one process, whose token is over then.
async fn refused(acme: Acme) -> Setup {
    let setup = Setup::new(acme);
    let cache = setup.fresh_cache().await;
    advance(61 * MINUTE).await;
    setup.server.then_refuse(DEAD);
    let error = cache.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    setup
}

async fn is_marked(setup: &Setup) -> bool {
    setup.stored().await.record.unwrap().due_at == Some(Due::OF_REFUSED)
}

fn rejections(received: &[Event]) -> usize {
    let is_told = |event: &&Event| matches!(event, Event::Rejected { .. });
    received.iter().filter(is_told).count()
}

async fn kept_fresh(setup: &Setup, cache: &TokenCache) -> usize {
    let before = setup.server.requests().len();
    let keeping = cache.keep_fresh();
    advance(120 * MINUTE).await;
    keeping.stop();
    setup.server.requests().len() - before
}

#[tokio::test(start_paused = true)]
async fn the_next_process_keeps_a_refused_grant_without_a_request_and_tells_it_once() {
    for rotation in [Rotation::SingleUse, Rotation::Idempotent] {
        let setup = refused(Acme::with(rotation)).await;
        let next = setup.newcomer();
        let mut events = next.events();
        assert_eq!(kept_fresh(&setup, &next).await, 0);
        assert_eq!(rejections(&received(&mut events).await), 1);
        let last_error = next.health().last_error.unwrap();
        assert_eq!(last_error.kind(), ErrorKind::Rejected);
        assert_eq!(last_error.code(), Some(DEAD));
        assert!(last_error.key().is_some());
        let state = setup.newcomer().grant_state().await.unwrap();
        assert_eq!(state, GrantState::LoginRequired);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_of_the_next_process_asks_at_once_and_what_is_accepted_ends_the_mark() {
    let setup = refused(Acme::with(Rotation::Idempotent)).await;
    assert!(is_marked(&setup).await);
    let next = setup.newcomer();
    assert_eq!(kept_fresh(&setup, &next).await, 0);
    let token = next.token().await.unwrap();
    assert_eq!(token.generation(), Generation::new(2));
    assert!(!is_marked(&setup).await);
    assert!(next.health().last_error.is_none());
    assert!(kept_fresh(&setup, &next).await > 0);
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_goes_away_ends_what_was_told_and_not_what_the_vendor_said() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.fresh_cache().await;
    let unmarked = setup.stored().await.record.unwrap();
    advance(61 * MINUTE).await;
    setup.server.then_refuse(DEAD);
    _ = cache.token().await.unwrap_err();
    let [next, third] = [(), ()].map(|()| setup.newcomer());
    for told in [&next, &third] {
        assert_eq!(kept_fresh(&setup, told).await, 0);
        assert!(told.health().last_error.is_some());
    }
    // As if the vendor had repeated its token to another process.
    let (key, memory) = (setup.acme.key(), setup.store.memory());
    let committing = memory.commit(&key, &CommitCondition::Overwrite, &unmarked);
    committing.await.unwrap();
    let state = third.grant_state().await.unwrap();
    assert_eq!(state, GrantState::Restorable);
    for (cache, is_refused) in [(&cache, true), (&third, false)] {
        _ = cache.load().await.unwrap();
        assert_eq!(cache.health().last_error.is_some(), is_refused);
    }
    assert_eq!(kept_fresh(&setup, &cache).await, 0, "it has asked itself");
    assert!(kept_fresh(&setup, &next).await > 0);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_the_vendor_refuses_again_is_as_if_it_was_refused_here() {
    let setup = refused(Acme::single_use()).await;
    let next = setup.newcomer();
    setup.server.revoke_grant();
    let before = setup.server.requests().len();
    let mut events = next.events();
    for _ in 0..60 {
        let error = next.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        advance(MINUTE).await;
    }
    assert_eq!(setup.server.requests().len(), before + 1);
    assert_eq!(rejections(&received(&mut events).await), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_end_what_the_store_tells() {
    let setup = refused(Acme::single_use()).await;
    let next = setup.newcomer();
    setup.server.outage(Fault::status(503));
    let error = next.token_within(SECOND).await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Rejected);
    // An exchange that this caller began at its end is over too.
    advance(MINUTE).await;
    setup.server.outage(None);
    assert_eq!(kept_fresh(&setup, &next).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_is_not_stored_is_no_failure_and_is_not_tried_again() {
    for ops in [[Op::Commit].as_slice(), &[Op::Commit, Op::Load]] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.fresh_cache().await;
        advance(61 * MINUTE).await;
        setup.server.then_refuse(DEAD);
        setup.store.fail(ops.iter().copied());
        let mut events = cache.events();
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.code(), Some(DEAD));
        setup.store.recover();
        setup.store.log();
        advance(60 * MINUTE).await;
        assert_eq!(setup.store.log(), []);
        assert!(!is_marked(&setup).await);
        let received = received(&mut events).await;
        assert!(
            matches!(&received[..], [Event::Rejected { .. }]),
            "{received:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_process_stored_meanwhile_is_not_marked() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    advance(61 * MINUTE).await;
    setup.server.then_refuse(DEAD);
    // The store answers with what it had before.
    let gate = setup.store.hold_answer(Op::Load);
    let asking = spawn_token(&cache);
    gate.reached().await;
    let stored = setup.stored().await.record.unwrap();
    let newer = Record {
        generation: stored.generation.next(),
        ..stored
    };
    let (key, memory) = (setup.acme.key(), setup.store.memory());
    let committing = memory.commit(&key, &CommitCondition::Overwrite, &newer);
    committing.await.unwrap();
    gate.open();
    let generation = asking.await.unwrap().unwrap();
    assert_eq!(generation, newer.generation.next(), "it is spent");
    assert!(!is_marked(&setup).await);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_a_login_nothing_is_marked_and_no_mark_is_heeded() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    advance(61 * MINUTE).await;
    setup.server.revoke_grant();
    setup.server.outage_of("/login", Fault::status(503));
    _ = cache.token_within(SECOND).await.unwrap_err();
    assert!(!is_marked(&setup).await);

    let setup = refused(Acme::single_use()).await;
    let mut with_login = Setup::new(Acme::single_use().and_login());
    with_login.store = setup.store.for_other_process();
    let next = with_login.empty_cache();
    drop(next.keep_fresh());
    advance(MINUTE).await;
    assert!(next.current().is_some());
}

// FAULTS.md row 75
#[tokio::test(start_paused = true)]
async fn a_mark_is_no_alarm_while_an_unseen_initial_token_is_tried_first() {
    let setup = refused(Acme::single_use()).await;
    let with_unseen = || {
        let unseen = Token::from_refresh_token(Secret::from("acme-refresh-unseen"));
        setup.newcomer_with(unseen.unwrap())
    };
    let next = with_unseen();
    let mut events = next.events();
    for _ in 0..2 {
        let state = next.grant_state().await.unwrap();
        assert_eq!(state, GrantState::Restorable);
        _ = next.load().await.unwrap();
    }
    assert!(next.health().last_error.is_none());
    assert_eq!(rejections(&received(&mut events).await), 0);
    setup.server.revoke_grant();
    assert_eq!(kept_fresh(&setup, &next).await, 2, "it is refused too");
    assert_eq!(rejections(&received(&mut events).await), 1);
    let seen = with_unseen();
    for cache in [&next, &seen] {
        let state = cache.grant_state().await.unwrap();
        assert_eq!(state, GrantState::LoginRequired);
    }
    assert_eq!(kept_fresh(&setup, &seen).await, 0);
    assert!(seen.health().last_error.is_some());
}

// FAULTS.md row 43
#[tokio::test(start_paused = true)]
async fn a_live_token_that_the_refusal_killed_is_not_handed_out_by_the_next_process() {
    for (code, is_live) in [(DEAD, true), ("disabled", false)] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.fresh_cache().await;
        setup.server.then_refuse(code);
        _ = cache.refresh_if(Generation::new(1)).await.unwrap_err();
        let next = setup.newcomer();
        let found = next.load().await.unwrap();
        assert_eq!(found.is_some(), is_live, "{code}");
        let last_error = next.health().last_error.unwrap();
        assert_eq!(last_error.code(), Some(code));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_written_does_not_let_the_background_ask() {
    let setup = refused(Acme::with(Rotation::Idempotent)).await;
    let next = setup.newcomer();
    setup.store.fail(Op::WRITES);
    assert_eq!(kept_fresh(&setup, &next).await, 0);
}
