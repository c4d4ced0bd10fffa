//! What stays as it is: fields that an answer leaves out, a cache that nobody asks, a record that
//! nobody could replace.

use token_core::store::{Acquired, Owner};
use token_core::{
    Clock, ErrorKind, Generation, Rotation, Secret, Token, TokenEndpoint, TokenStore, Validity,
};

use crate::acme::{Acme, MINUTE, SECOND, Setup, advance, ask};

// FAULTS.md scenario 6
#[tokio::test(start_paused = true)]
async fn scopes_and_extras_that_a_refresh_leaves_out_are_carried_across_caches_and_a_restart() {
    let setup = Setup::new(Acme::single_use());
    let now = setup.clock.now().wall;
    let first = Token::builder(
        Secret::from("acme-access-first"),
        Validity::new(now, now.after(60 * MINUTE)),
    )
    .refresh(Some(Secret::from(setup.server.current_refresh_token())))
    .scopes(["read", "write"].map(str::to_owned))
    .extra("api_host", Secret::from("eu.api.acme.example"))
    .build()
    .unwrap();
    let is_whole = |token: &Token| {
        let host = token.extra("api_host").map(Secret::expose);
        token.scopes() == ["read", "write"] && host == Some("eu.api.acme.example")
    };
    let ours = setup.cache_with(|builder| builder.initial_token(first));
    let (theirs, _) = setup.other_process();
    ours.token().await.unwrap();
    for (generation, refreshing) in [(1, &ours), (2, &theirs), (3, &ours)] {
        advance(50 * MINUTE).await;
        ask(refreshing).await;
        for cache in [&ours, &theirs, &setup.empty_cache()] {
            // One that is due is given once more, while the newer one is found.
            ask(cache).await;
            let token = cache.token().await.unwrap();
            assert_eq!(token.generation(), Generation::new(generation));
            assert!(is_whole(&token), "{token:?}");
        }
    }
    assert_eq!(setup.server.requests().len(), 3);
}

// FAULTS.md scenario 16
#[tokio::test(start_paused = true)]
async fn a_cache_that_nobody_asks_makes_no_request_and_the_next_operation_makes_one() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    advance(600 * MINUTE).await;
    assert_eq!(setup.server.requests().len(), 0, "before its first token");
    for requests in 1..=4 {
        cache.token().await.unwrap();
        assert_eq!(setup.server.requests().len(), requests);
        advance(SECOND).await;
        setup.store.log();
        advance(600 * MINUTE).await;
        assert_eq!(setup.server.requests().len(), requests);
        assert_eq!(setup.store.log(), [], "the store is left alone too");
    }
}

// FAULTS.md scenario 17
#[tokio::test(start_paused = true)]
async fn after_the_vendor_took_too_long_the_lease_is_free_the_record_as_it_was_and_the_intent_stands()
 {
    for rotation in [Rotation::SingleUse, Rotation::Grace(MINUTE)] {
        let setup = Setup::new(Acme::with(rotation));
        let cache = setup.due_cache().await;
        let before = setup.stored().await.record.unwrap();
        setup.server.latency(9 * MINUTE);
        cache.token().await.unwrap();
        advance(2 * MINUTE + SECOND).await;
        let kept = setup.stored().await;
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
        let acquired = setup
            .store
            .memory()
            .acquire(&setup.acme.key(), &other, SECOND)
            .await;
        assert!(matches!(acquired, Ok(Acquired::Held(_))), "{rotation:?}");
    }
}

// FAULTS.md scenario 17
#[tokio::test(start_paused = true)]
async fn a_caller_without_a_token_is_told_that_the_vendor_took_too_long() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(9 * MINUTE);
    let cache = setup.cache();
    let error = cache.token_within(2 * MINUTE + SECOND).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
    let other = Owner::named("another process");
    let acquired = setup
        .store
        .memory()
        .acquire(&setup.acme.key(), &other, SECOND)
        .await;
    assert!(matches!(acquired, Ok(Acquired::Held(_))));
    assert!(setup.stored().await.intent.is_some());
}
