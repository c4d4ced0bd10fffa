//! Stores that fail, before an exchange and after it.

use std::time::Duration;

use token_cache::{Drained, Event};
use token_core::store::CommitCondition;
use token_core::{ErrorKind, Generation, Rotation, TokenEndpoint, TokenStore};

use crate::acme::{
    Acme, MINUTE, Op, SECOND, Setup, StoreFault, advance, assert_events, received,
    spawn_token_within, token_generation,
};

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_does_not_take_is_served_and_written_again_until_it_does() {
    for fault in [
        StoreFault::Unreachable,
        StoreFault::Hangs,
        StoreFault::AnswerLost,
    ] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        setup.store.fail_with([Op::Commit], &fault);
        let mut events = cache.events();
        cache.token().await.unwrap();
        advance(MINUTE / 2).await;
        assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
        assert_eq!(cache.drain(MINUTE).await, Drained::Unsettled);
        setup.store.recover();
        advance(MINUTE).await;
        assert_eq!(setup.stored_generation().await, Generation::new(2));
        assert_eq!(cache.drain(Duration::ZERO).await, Drained::Settled);
        let received = received(&mut events).await;
        assert!(
            matches!(
                received[..],
                [
                    Event::Refreshed { .. },
                    Event::PersistFailed { .. },
                    Event::Persisted { .. }
                ]
            ),
            "{fault:?} {received:?}"
        );
    }
}

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_did_not_take_is_written_though_the_cache_was_dropped() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.store.fail([Op::Commit]);
    cache.token().await.unwrap();
    advance(MINUTE).await;
    drop(cache);
    advance(3 * MINUTE).await;
    setup.store.recover();
    advance(MINUTE).await;
    assert_eq!(setup.stored_generation().await, Generation::new(2));
}

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn drain_writes_what_the_store_did_not_take() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.store.fail([Op::Commit]);
    cache.token().await.unwrap();
    advance(20 * MINUTE).await;
    setup.store.recover();
    assert_eq!(cache.drain(SECOND).await, Drained::Settled);
    assert_eq!(setup.stored_generation().await, Generation::new(2));
}

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn the_next_token_is_not_asked_for_before_the_last_one_is_written() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.store.fail([Op::Commit]);
    cache.token().await.unwrap();
    advance(55 * MINUTE).await;
    cache.token().await.unwrap();
    advance(MINUTE).await;
    assert_eq!(setup.server.requests().len(), 2);
    setup.store.recover();
    advance(4 * MINUTE).await;
    cache.token().await.unwrap();
    assert_eq!(setup.stored_generation().await, Generation::new(3));
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md rows 5 and 9
#[tokio::test(start_paused = true)]
async fn a_token_that_works_once_is_not_spent_while_the_store_is_down_full_or_read_only() {
    let all: &[Op] = &Op::ALL;
    for (ops, fault) in [
        (all, StoreFault::Unreachable),
        (all, StoreFault::Hangs),
        (&Op::WRITES, StoreFault::Unreachable),
        (&[Op::WriteIntent], StoreFault::Unreachable),
        (&[Op::Acquire], StoreFault::Unreachable),
        (&[Op::Acquire], StoreFault::Hangs),
    ] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        setup.store.fail_with(ops.iter().copied(), &fault);
        for _ in 0..9 {
            assert_eq!(token_generation(&cache).await, Generation::new(1));
            advance(MINUTE).await;
        }
        advance(MINUTE).await;
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{ops:?} {fault:?}");
        assert!(error.kind().is_retryable());
        assert_eq!(setup.server.requests().len(), 1, "{ops:?} {fault:?}");
        setup.store.recover();
        advance(5 * MINUTE).await;
        assert!(cache.token().await.is_ok(), "{ops:?} {fault:?}");
    }
}

// FAULTS.md row 5
#[tokio::test(start_paused = true)]
async fn a_token_that_can_be_refreshed_again_and_again_is_refreshed_without_the_store() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    setup.store.fail(Op::ALL);
    let cache = setup.cache();
    for _ in 0..5 {
        assert!(setup.server.accepts(cache.token().await.unwrap().access()));
        advance(58 * MINUTE).await;
    }
    setup.store.recover();
    advance(MINUTE).await;
    assert_eq!(
        setup.stored_generation().await,
        cache.current().unwrap().generation()
    );
}

// FAULTS.md row 5
#[tokio::test(start_paused = true)]
async fn a_repeatable_login_does_not_need_the_store() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    setup.store.fail(Op::ALL);
    assert!(setup.empty_cache().token().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_code_is_not_redeemed_where_the_store_cannot_be_written() {
    for op in [Op::Acquire, Op::WriteIntent] {
        for fault in [StoreFault::Unreachable, StoreFault::Hangs] {
            let setup = Setup::new(Acme::single_use());
            setup.store.fail_with([op], &fault);
            let cache = setup.empty_cache();
            let refused = cache.redeem(setup.acme.redemption()).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Store, "{op:?} {fault:?}");
            assert!(setup.server.requests().is_empty());
        }
    }
}

// FAULTS.md row 41
#[tokio::test(start_paused = true)]
async fn a_store_that_restarts_empty_gets_the_token_back() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.store.clear();
    let mut events = cache.events();
    cache.token().await.unwrap();
    advance(MINUTE).await;
    assert_events!(events, [Event::Refreshed { .. }, Event::Rewritten { .. }]);
    assert_eq!(setup.stored_generation().await, Generation::new(2));
}

// FAULTS.md row 41
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_over_to_an_older_record_gets_the_newer_token_back() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let older = setup.stored().await.record.unwrap();
    cache.token().await.unwrap();
    advance(50 * MINUTE).await;
    setup
        .store
        .memory()
        .commit(
            &setup.acme.key(),
            &CommitCondition::UnlessTombstoned,
            &older,
        )
        .await
        .unwrap();
    for _ in 0..5 {
        cache.token().await.unwrap();
        advance(50 * MINUTE).await;
    }
    assert_eq!(setup.server.reused(), 0);
    assert!(setup.server.accepts(cache.token().await.unwrap().access()));
    assert_eq!(
        setup.stored_generation().await,
        cache.current().unwrap().generation()
    );
}

// FAULTS.md rows 2, 4 and 5
#[tokio::test(start_paused = true)]
async fn a_store_that_was_away_for_longer_than_any_doubt_finds_the_owner_still_waiting_for_it() {
    let setup = Setup::new(Acme::single_use());
    let (cache, other, way) = setup.two_processes().await;
    setup
        .store
        .fail_with([Op::Commit, Op::Renew], &StoreFault::Hangs);
    way.fail(Op::ALL);
    advance(55 * MINUTE).await;
    cache.token().await.unwrap();
    advance(12 * MINUTE).await;
    // The other comes first: the owner is hanging in a try and has another pause to go. Nothing
    // but the intent tells of it.
    setup.store.recover();
    way.recover();
    let found = other
        .token_within(MINUTE)
        .await
        .map(|token| token.generation());
    assert_eq!(found.unwrap(), Generation::new(2));
    assert_eq!(setup.server.count("/refresh"), 2);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md rows 4 and 8
#[tokio::test(start_paused = true)]
async fn while_a_token_waits_for_the_store_nobody_else_spends_its_dead_parent() {
    let setup = Setup::new(Acme::single_use());
    let (cache, other, _way) = setup.two_processes().await;
    setup.store.fail([Op::Commit]);
    // Expired by now, so nothing but the lease keeps the other from spending what it has.
    advance(65 * MINUTE).await;
    assert_eq!(token_generation(&cache).await, Generation::new(2));
    let waiting = spawn_token_within(&other, MINUTE);
    advance(Duration::from_secs(5)).await;
    setup.store.recover();
    assert_eq!(waiting.await.unwrap().unwrap(), Generation::new(2));
    assert_eq!(setup.server.count("/refresh"), 2);
    assert_eq!(setup.server.reused(), 0);
}
