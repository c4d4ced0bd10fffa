//! What stays as it is: fields that an answer leaves out, a cache that nobody asks, a record that
//! nobody could replace.

use std::time::Duration;

use token_core::store::{Acquired, Owner};
use token_core::{
    Clock, ErrorKind, Generation, Rotation, Secret, Token, TokenEndpoint, TokenStore, Validity,
};

use crate::acme::{Acme, World, pass};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

// FAULTS.md scenario 6
#[tokio::test(start_paused = true)]
async fn scopes_and_extras_that_a_refresh_leaves_out_are_carried_across_caches_and_a_restart() {
    let world = World::of(Acme::single_use());
    let now = world.clock.now().wall;
    let first = Token::builder(
        Secret::from("acme-access-first"),
        Validity::new(now, now.after(60 * MINUTE)),
    )
    .refresh(Some(Secret::from(world.server.living_refresh())))
    .scopes(["read", "write"].map(str::to_owned))
    .extra("api_host", Secret::from("eu.api.acme.example"))
    .build()
    .unwrap();
    let is_whole = |token: &Token| {
        let host = token.extra("api_host").map(Secret::expose);
        token.scopes() == ["read", "write"] && host == Some("eu.api.acme.example")
    };
    let ours = world
        .process(&world.store)
        .initial_token(first)
        .build()
        .unwrap();
    let (theirs, _) = world.other();
    ours.token().await.unwrap();
    for (generation, refreshing) in [(1, &ours), (2, &theirs), (3, &ours)] {
        pass(50 * MINUTE).await;
        refreshing.token().await.unwrap();
        pass(SECOND).await;
        for cache in [&ours, &theirs, &world.stranger()] {
            // One that is due is given once more, while the newer one is found.
            cache.token().await.unwrap();
            pass(SECOND).await;
            let token = cache.token().await.unwrap();
            assert_eq!(token.generation(), Generation::new(generation));
            assert!(is_whole(&token), "{token:?}");
        }
    }
    assert_eq!(world.server.arrived().len(), 3);
}

// FAULTS.md scenario 16
#[tokio::test(start_paused = true)]
async fn a_cache_that_nobody_asks_makes_no_request_and_the_next_operation_makes_one() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    pass(600 * MINUTE).await;
    assert_eq!(world.server.arrived().len(), 0, "before its first token");
    for requests in 1..=4 {
        cache.token().await.unwrap();
        assert_eq!(world.server.arrived().len(), requests);
        pass(SECOND).await;
        world.store.log();
        pass(600 * MINUTE).await;
        assert_eq!(world.server.arrived().len(), requests);
        assert_eq!(world.store.log(), [], "the store is left alone too");
    }
}

// FAULTS.md scenario 17
#[tokio::test(start_paused = true)]
async fn after_the_vendor_took_too_long_the_lease_is_free_the_record_as_it_was_and_the_intent_stands()
 {
    for rotation in [Rotation::SingleUse, Rotation::Grace(MINUTE)] {
        let world = World::of(Acme::with(rotation));
        let cache = world.due_owner().await;
        let before = world.kept().await.record.unwrap();
        world.server.latency(9 * MINUTE);
        cache.token().await.unwrap();
        pass(2 * MINUTE + SECOND).await;
        let kept = world.kept().await;
        let record = kept.record.unwrap();
        assert_eq!(
            (record.generation, record.fingerprint),
            (before.generation, before.fingerprint)
        );
        assert!(record.body.same_as(&before.body), "{rotation:?}");
        let intent = kept.intent.unwrap();
        assert_eq!(
            (intent.generation, intent.fingerprint),
            (before.generation, Some(before.fingerprint))
        );
        let other = Owner::named("another process");
        let acquired = world
            .store
            .memory()
            .acquire(&world.acme.key(), &other, SECOND)
            .await;
        assert!(matches!(acquired, Ok(Acquired::Held(_))), "{rotation:?}");
    }
}

// FAULTS.md scenario 17
#[tokio::test(start_paused = true)]
async fn a_caller_without_a_token_is_told_that_the_vendor_took_too_long() {
    let world = World::of(Acme::single_use());
    world.server.latency(9 * MINUTE);
    let cache = world.owner();
    let error = cache.token_within(2 * MINUTE + SECOND).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
    let other = Owner::named("another process");
    let acquired = world
        .store
        .memory()
        .acquire(&world.acme.key(), &other, SECOND)
        .await;
    assert!(matches!(acquired, Ok(Acquired::Held(_))));
    assert!(world.kept().await.intent.is_some());
}
