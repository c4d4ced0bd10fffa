//! Vendors that keep their refresh token, and stores that were set back to an older one.

use std::time::Duration;

use token_cache::{Drained, TokenCache};
use token_core::reexports::http::StatusCode;
use token_core::{Generation, Rotation};
use tokio::time::Instant;

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, Op, SECOND, Setup, advance, ask};

// FAULTS.md row 55
#[tokio::test(start_paused = true)]
async fn an_unwritten_token_is_not_taken_for_its_parent_where_the_refresh_token_stays() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.due_cache().await;
    // Generation 2 is being written again when generation 3 comes: they have one refresh token.
    setup.store.fail([Op::Commit]);
    ask(&cache).await;
    let gate = setup.store.hold_answer(Op::Commit);
    let draining = tokio::spawn({
        let cache = cache.clone();
        async move { cache.drain(10 * MINUTE).await }
    });
    gate.reached().await;
    setup.store.fail([Op::Commit, Op::Acquire]);
    another(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(3));
    setup.store.recover();
    gate.open();
    assert_eq!(draining.await.unwrap(), Drained::Settled);
    assert_eq!(setup.stored_generation().await, Generation::new(3));
}

/// An exchange although the store is away.
async fn another(cache: &TokenCache) {
    let generation = cache.current().unwrap().generation();
    while cache.current().unwrap().generation() == generation {
        _ = cache.refresh_if(generation).await;
        advance(SECOND).await;
    }
}

// FAULTS.md row 56
#[tokio::test(start_paused = true)]
async fn a_commit_with_a_kept_refresh_token_leaves_no_intent_and_no_process_waits_for_a_doubt() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.then([Fault::NoRefresh]);
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    assert!(setup.stored().await.intent.is_none());
    // The token is over: a new process refreshes at once.
    advance(70 * MINUTE).await;
    let (next, _) = setup.other_process();
    let began = Instant::now();
    next.token().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

// FAULTS.md row 58
#[tokio::test(start_paused = true)]
async fn an_older_expired_token_of_a_store_that_was_set_back_does_not_replace_a_live_one() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let backup = setup.stored().await.record.unwrap();
    advance(50 * MINUTE).await;
    cache.token().await.unwrap();
    advance(50 * MINUTE).await;
    // The verdict: the grant is dead, while the access token lives.
    setup.server.revoke_grant();
    ask(&cache).await;
    let live = (*cache.current().unwrap()).clone();
    let overwrite = token_core::store::CommitCondition::Overwrite;
    let (memory, key) = (
        setup.store.memory(),
        token_core::TokenEndpoint::key(&setup.acme),
    );
    token_core::TokenStore::commit(&memory, &key, &overwrite, &backup)
        .await
        .unwrap();
    let requests = setup.server.requests().len();
    for _ in 0..9 {
        assert!(cache.token().await.unwrap().same_secrets_as(&live));
        advance(MINUTE).await;
    }
    assert_eq!(
        setup.server.requests().len(),
        requests,
        "the verdict stands"
    );
}

// FAULTS.md row 58
#[tokio::test(start_paused = true)]
async fn a_refusal_stands_though_the_store_offers_an_older_expired_token() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let backup = setup.stored().await.record.unwrap();
    advance(50 * MINUTE).await;
    cache.token().await.unwrap();
    advance(50 * MINUTE).await;
    let overwrite = token_core::store::CommitCondition::Overwrite;
    let (memory, key) = (
        setup.store.memory(),
        token_core::TokenEndpoint::key(&setup.acme),
    );
    token_core::TokenStore::commit(&memory, &key, &overwrite, &backup)
        .await
        .unwrap();
    setup.server.revoke_grant();
    let requests = setup.server.requests().len();
    for _ in 0..60 {
        ask(&cache).await;
    }
    assert_eq!(setup.server.requests().len(), requests + 1);
}

// FAULTS.md row 58
#[tokio::test(start_paused = true)]
async fn a_newer_token_that_is_over_gives_its_refresh_token_and_leaves_the_live_access_token() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    advance(46 * MINUTE).await;
    setup.server.life(MINUTE);
    let generation = theirs.current().unwrap().generation();
    theirs.refresh_if(generation).await.unwrap();
    advance(2 * MINUTE).await;
    setup.server.life(60 * MINUTE);
    // Theirs is over, ours lives for a few minutes; its refresh token was spent.
    setup.store.fail([Op::WriteIntent]);
    assert!(setup.server.accepts(ours.token().await.unwrap().access()));
    advance(SECOND).await;
    assert!(setup.server.accepts(ours.token().await.unwrap().access()));
    setup.store.recover();
    advance(MINUTE).await;
    ask(&ours).await;
    assert_eq!(ours.current().unwrap().generation(), Generation::new(3));
    assert_eq!(setup.server.reused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_status_is_in_the_error_of_an_answer() {
    let setup = Setup::new(Acme::single_use());
    setup.server.then([Fault::status(503)]);
    let error = setup.cache().token_within(IMPATIENT).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert!(
        error.key().is_some() && error.path() == Some("/v1/refresh"),
        "{error}"
    );
}

// FAULTS.md row 56
#[tokio::test(start_paused = true)]
async fn a_repeated_pair_of_tokens_leaves_no_intent() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.then([Fault::Same]);
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(1));
    assert!(setup.stored().await.intent.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_with_its_callers_time_and_leaves_no_task() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.store.fail([Op::Commit]);
    ask(&cache).await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    for _ in 0..10 {
        assert_eq!(cache.drain(SECOND).await, Drained::Unsettled);
    }
    advance(SECOND).await;
    assert!(tasks() <= before, "{} tasks, {before} before", tasks());
}
