//! Stores that fail, before an exchange and after it.

use std::time::Duration;

use token_cache::{Drained, Event};
use token_core::store::CommitCondition;
use token_core::{ErrorKind, Generation, Rotation, TokenEndpoint, TokenStore};

use crate::acme::{Acme, Ailment, Op, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_does_not_take_is_served_and_written_again_until_it_does() {
    for ailment in [Ailment::Dead, Ailment::Hangs, Ailment::Deaf] {
        let world = World::of(Acme::single_use());
        let cache = world.due_owner().await;
        world.store.ails([Op::Commit], &ailment);
        let mut events = cache.events();
        cache.token().await.unwrap();
        pass(MINUTE / 2).await;
        assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
        assert_eq!(cache.drain(MINUTE).await, Drained::Unsettled);
        world.store.heals();
        pass(MINUTE).await;
        assert_eq!(
            world.kept().await.record.unwrap().generation,
            Generation::new(2)
        );
        assert_eq!(cache.drain(Duration::ZERO).await, Drained::Settled);
        let told = told(&mut events).await;
        assert!(
            matches!(
                told[..],
                [
                    Event::Refreshed { .. },
                    Event::PersistFailed { .. },
                    Event::Persisted { .. }
                ]
            ),
            "{ailment:?} {told:?}"
        );
    }
}

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_did_not_take_is_written_though_the_cache_was_dropped() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.store.ails([Op::Commit], &Ailment::Dead);
    cache.token().await.unwrap();
    pass(MINUTE).await;
    drop(cache);
    pass(3 * MINUTE).await;
    world.store.heals();
    pass(MINUTE).await;
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
}

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn drain_writes_what_the_store_did_not_take() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.store.ails([Op::Commit], &Ailment::Dead);
    cache.token().await.unwrap();
    pass(20 * MINUTE).await;
    world.store.heals();
    assert_eq!(cache.drain(MINUTE / 60).await, Drained::Settled);
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
}

// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn the_next_token_is_not_asked_for_before_the_last_one_is_written() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.store.ails([Op::Commit], &Ailment::Dead);
    cache.token().await.unwrap();
    pass(55 * MINUTE).await;
    cache.token().await.unwrap();
    pass(MINUTE).await;
    assert_eq!(world.server.arrived().len(), 2);
    world.store.heals();
    pass(4 * MINUTE).await;
    cache.token().await.unwrap();
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(3)
    );
    assert_eq!(world.server.reused(), 0);
}

// FAULTS.md rows 5 and 9
#[tokio::test(start_paused = true)]
async fn a_token_that_works_once_is_not_spent_while_the_store_is_down_full_or_read_only() {
    let all: &[Op] = &Op::ALL;
    for (ops, ailment) in [
        (all, Ailment::Dead),
        (all, Ailment::Hangs),
        (&Op::WRITES, Ailment::Dead),
        (&[Op::Intend], Ailment::Dead),
        (&[Op::Acquire], Ailment::Dead),
        (&[Op::Acquire], Ailment::Hangs),
    ] {
        let world = World::of(Acme::single_use());
        let cache = world.due_owner().await;
        world.store.ails(ops.iter().copied(), &ailment);
        for _ in 0..9 {
            assert_eq!(
                cache.token().await.unwrap().generation(),
                Generation::new(1)
            );
            pass(MINUTE).await;
        }
        pass(MINUTE).await;
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{ops:?} {ailment:?}");
        assert!(error.kind().is_retryable());
        assert_eq!(world.server.arrived().len(), 1, "{ops:?} {ailment:?}");
        world.store.heals();
        pass(5 * MINUTE).await;
        assert!(cache.token().await.is_ok(), "{ops:?} {ailment:?}");
    }
}

// FAULTS.md row 5
#[tokio::test(start_paused = true)]
async fn a_token_that_can_be_refreshed_again_and_again_is_refreshed_without_the_store() {
    let world = World::of(Acme::with(Rotation::Idempotent));
    world.store.ails(Op::ALL, &Ailment::Dead);
    let cache = world.owner();
    for _ in 0..5 {
        assert!(world.server.accepts(cache.token().await.unwrap().access()));
        pass(58 * MINUTE).await;
    }
    world.store.heals();
    pass(MINUTE).await;
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        cache.current().unwrap().generation()
    );
}

// FAULTS.md row 5
#[tokio::test(start_paused = true)]
async fn a_repeatable_login_does_not_need_the_store() {
    let world = World::of(Acme::with(Rotation::Idempotent).and_login());
    world.store.ails(Op::ALL, &Ailment::Dead);
    assert!(world.stranger().token().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_code_is_not_redeemed_where_the_store_cannot_be_written() {
    for op in [Op::Acquire, Op::Intend] {
        for ailment in [Ailment::Dead, Ailment::Hangs] {
            let world = World::of(Acme::single_use());
            world.store.ails([op], &ailment);
            let cache = world.stranger();
            let refused = cache.redeem(world.acme.redemption()).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Store, "{op:?} {ailment:?}");
            assert!(world.server.arrived().is_empty());
        }
    }
}

// FAULTS.md row 41
#[tokio::test(start_paused = true)]
async fn a_store_that_restarts_empty_gets_the_token_back() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.store.loses_everything();
    let mut events = cache.events();
    cache.token().await.unwrap();
    pass(MINUTE).await;
    let told = told(&mut events).await;
    assert!(
        matches!(told[..], [Event::Refreshed { .. }, Event::Rewritten { .. }]),
        "{told:?}"
    );
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
}

// FAULTS.md row 41
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_over_to_an_older_record_gets_the_newer_token_back() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    let older = world.kept().await.record.unwrap();
    cache.token().await.unwrap();
    pass(50 * MINUTE).await;
    world
        .store
        .memory()
        .commit(
            &world.acme.key(),
            &CommitCondition::UnlessTombstoned,
            &older,
        )
        .await
        .unwrap();
    for _ in 0..5 {
        cache.token().await.unwrap();
        pass(50 * MINUTE).await;
    }
    assert_eq!(world.server.reused(), 0);
    assert!(world.server.accepts(cache.token().await.unwrap().access()));
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        cache.current().unwrap().generation()
    );
}

// FAULTS.md rows 2, 4 and 5
#[tokio::test(start_paused = true)]
async fn a_store_that_was_away_for_longer_than_any_doubt_finds_the_holder_still_waiting_for_it() {
    let world = World::of(Acme::single_use());
    let (cache, (other, way)) = (world.owner(), world.other());
    cache.token().await.unwrap();
    other.token().await.unwrap();
    world.store.ails([Op::Commit, Op::Renew], &Ailment::Hangs);
    way.ails(Op::ALL, &Ailment::Dead);
    pass(55 * MINUTE).await;
    cache.token().await.unwrap();
    pass(12 * MINUTE).await;
    // The other comes first: the holder is hanging in a try and has another pause to go. Nothing
    // but the intent tells of it.
    world.store.heals();
    way.heals();
    let found = other
        .token_within(MINUTE)
        .await
        .map(|token| token.generation());
    assert_eq!(found.unwrap(), Generation::new(2));
    assert_eq!(
        (world.server.count("/refresh"), world.server.reused()),
        (2, 0)
    );
}

// FAULTS.md rows 4 and 8
#[tokio::test(start_paused = true)]
async fn while_a_token_waits_for_the_store_nobody_else_spends_its_dead_parent() {
    let world = World::of(Acme::single_use());
    let (cache, (other, _way)) = (world.owner(), world.other());
    cache.token().await.unwrap();
    other.token().await.unwrap();
    world.store.ails([Op::Commit], &Ailment::Dead);
    // Expired by now, so nothing but the lease keeps the other from spending what it has.
    pass(65 * MINUTE).await;
    assert_eq!(
        cache.token().await.unwrap().generation(),
        Generation::new(2)
    );
    let waiting = tokio::spawn(async move {
        other
            .token_within(MINUTE)
            .await
            .map(|token| token.generation())
    });
    pass(Duration::from_secs(5)).await;
    world.store.heals();
    assert_eq!(waiting.await.unwrap().unwrap(), Generation::new(2));
    assert_eq!(
        (world.server.count("/refresh"), world.server.reused()),
        (2, 0)
    );
}
