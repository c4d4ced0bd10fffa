//! A logout is final, whatever is under way.

use token_core::{ErrorKind, Generation};

use crate::acme::{
    Acme, Gate, MINUTE, Op, SECOND, Setup, StoreFault, When, advance, spawn_logout, spawn_token,
    token_generation,
};

// FAULTS.md row 61
#[tokio::test(start_paused = true)]
async fn a_logout_between_a_commit_and_its_acknowledgement_publishes_nothing() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let gate = setup.store.hold_answer(Op::Commit);
    cache.token().await.unwrap();
    gate.reached().await;
    setup.store.recover();
    let newest = setup.server.current_refresh_token();
    _ = cache.logout().await.unwrap();
    gate.open();
    for _ in 0..50 {
        assert!(cache.current().is_none());
        assert!(cache.token().await.is_err());
        advance(MINUTE).await;
    }
    assert!(
        setup.server.presented("/revoke").contains(&newest),
        "the committed one, which the store gave back"
    );
}

// FAULTS.md row 61
#[tokio::test(start_paused = true)]
async fn a_logout_while_a_load_is_on_its_way_publishes_nothing() {
    for op in [Op::Load, Op::Acquire] {
        let setup = Setup::new(Acme::single_use());
        let _owner = setup.fresh_cache().await;
        let next = setup.empty_cache();
        let gate = setup.store.hold_answer(op);
        let asking = spawn_token(&next);
        if op == Op::Load {
            // The lease cannot be had, so the store is only read.
            setup.store.fail([Op::Acquire]);
        }
        gate.reached().await;
        _ = next.logout().await.unwrap();
        setup.store.recover();
        gate.open();
        assert!(asking.await.unwrap().is_err(), "{op:?}");
        assert!(next.current().is_none(), "{op:?}");
    }
}

// FAULTS.md row 61
#[tokio::test(start_paused = true)]
async fn what_a_failing_logout_withheld_is_published_when_it_has_failed_and_nothing_is_spent_meanwhile()
 {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let gate = setup.server.then_hold(When::AfterProcessing);
    cache.token().await.unwrap();
    gate.reached().await;
    setup.store.fail_with([Op::Tombstone], &StoreFault::Hangs);
    let logging_out = spawn_logout(&cache);
    advance(SECOND).await;
    gate.open();
    advance(SECOND).await;
    assert_eq!(setup.stored_generation().await, Generation::new(2));
    // Still the first: nothing is published once a logout has begun. Its refresh token was spent.
    assert_eq!(token_generation(&cache).await, Generation::new(1));
    advance(SECOND).await;
    assert_eq!(
        logging_out.await.unwrap().unwrap_err().kind(),
        ErrorKind::Store
    );
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    assert_eq!(setup.server.count("/refresh"), 2);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 63
#[test]
fn a_logout_that_breaks_off_with_its_runtime_withholds_nothing_for_ever() {
    let given = tokio::runtime::Runtime::new().unwrap();
    let setup = Setup::new(Acme::single_use());
    let cache = setup
        .builder(&setup.store)
        .runtime(given.handle().clone())
        .initial_token(setup.server.grant())
        .build()
        .unwrap();
    let own = tokio::runtime::Runtime::new().unwrap();
    own.block_on(async { cache.token().await.map(drop) })
        .unwrap();
    let gate = Gate::closed();
    setup.store.fail_with([Op::Tombstone], &StoreFault::Hangs);
    setup
        .store
        .fail_with([Op::Commit], &StoreFault::AnswerDelayed(gate.clone()));
    let logging_out = own.spawn({
        let cache = cache.clone();
        async move { cache.logout().await.map(drop) }
    });
    // The logout has begun when it asks for the tombstone.
    while !setup.store.log().contains(&Op::Tombstone) {
        std::thread::yield_now();
    }
    drop(given);
    assert!(own.block_on(logging_out).unwrap().is_err());
    setup.store.recover();
    gate.open();
    let generation = cache.current().unwrap().generation();
    let next = own.block_on(async {
        cache
            .refresh_if(generation)
            .await
            .map(|token| token.generation())
    });
    assert_eq!(next.unwrap(), generation.next());
}

// FAULTS.md rows 61 and 68
#[tokio::test(start_paused = true)]
async fn a_tombstone_that_can_be_read_ends_the_serving_though_the_store_cannot_be_written() {
    for acme in [Acme::single_use(), Acme::single_use().and_login()] {
        let setup = Setup::new(acme);
        setup.cache().token().await.unwrap();
        let store = setup.store.for_other_process();
        let cache = setup.builder(&store).build().unwrap();
        cache.token().await.unwrap();
        advance(50 * MINUTE).await;
        _ = setup.cache().logout().await.unwrap();
        store.fail([Op::Acquire, Op::WriteIntent, Op::Commit]);
        cache.token().await.unwrap();
        advance(SECOND / 4).await;
        assert!(cache.current().is_none());
    }
}

// FAULTS.md row 63
#[tokio::test(start_paused = true)]
async fn a_logout_whose_caller_goes_away_is_finished_all_the_same() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let gate = setup.store.hold_answer(Op::Tombstone);
    let logging_out = spawn_logout(&cache);
    gate.reached().await;
    logging_out.abort();
    gate.open();
    advance(SECOND).await;
    assert!(cache.current().is_none());
    assert!(setup.server.is_revoked(), "it was revoked");
}
