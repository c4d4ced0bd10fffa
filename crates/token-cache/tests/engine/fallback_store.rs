//! A process that dies while the store does not take its token.

use token_cache::{Event, MemoryStore, TokenCache};
use token_core::store::{CommitCondition, Entry};
use token_core::{ErrorKind, Generation, Rotation, TokenEndpoint, TokenStore};
use token_file::FileStore;
use token_file::test_util::WriteStep;

use crate::acme::{
    Acme, Fault, Gate, MINUTE, Op, SECOND, Setup, StoreFault, advance, ask, received,
    token_generation,
};

/// A process that refreshed to generation 2 and died before the store took it. What it had in
/// memory is gone, except in its fallback store.
async fn died_with_the_token(setup: &Setup, fallback: impl TokenStore) {
    let cache = setup.cache_with(|builder| builder.fallback_store(fallback));
    cache.token().await.unwrap();
    advance(50 * MINUTE).await;
    setup.store.fail([Op::Commit]);
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    // Its way to the store stays broken, so whatever it still does has no effect.
    assert_eq!(setup.stored_generation().await, Generation::new(1));
}

/// The next process of that machine, with a way of its own to the store.
fn next_process(setup: &Setup, fallback: impl TokenStore) -> TokenCache {
    setup
        .builder(&setup.store.for_other_process())
        .fallback_store(fallback)
        .build()
        .unwrap()
}

async fn kept_in(setup: &Setup, fallback: &MemoryStore) -> Entry {
    fallback.load(&setup.acme.key()).await.unwrap()
}

// FAULTS.md rows 4 and 41
#[tokio::test(start_paused = true)]
async fn the_next_process_finds_what_a_dead_one_could_not_write() {
    let (setup, fallback) = (Setup::new(Acme::single_use()), MemoryStore::new());
    died_with_the_token(&setup, fallback.clone()).await;
    let next = next_process(&setup, fallback.clone());
    let mut events = next.events();
    assert_eq!(next.token().await.unwrap().generation(), Generation::new(2));
    assert_eq!(setup.stored_generation().await, Generation::new(2));
    assert_eq!(setup.server.count("/refresh"), 2);
    assert_eq!(setup.server.reused(), 0);
    assert!(
        kept_in(&setup, &fallback).await.record.is_none(),
        "what the store has must not come back"
    );
    // The store had lost nothing.
    let received = received(&mut events).await;
    let is_persisted = |event: &Event| matches!(event, Event::Persisted { .. });
    let is_rewritten = |event: &Event| matches!(event, Event::Rewritten { .. });
    assert!(received.iter().any(is_persisted), "{received:?}");
    assert!(!received.iter().any(is_rewritten), "{received:?}");
}

/// The fallback store's own write was whole on disk, and not in its place yet, when the process
/// died.
// FAULTS.md row 97
#[tokio::test(start_paused = true)]
async fn the_next_process_finds_what_a_dead_one_had_half_written() {
    let setup = Setup::new(Acme::single_use());
    let directory =
        std::env::temp_dir().join(format!("token-cache-half-written-{}", std::process::id()));
    let dying = FileStore::at(&directory).before_each_step(|step| match step {
        WriteStep::Rename => Err(std::io::Error::other("the process dies")),
        _ => Ok(()),
    });
    died_with_the_token(&setup, dying).await;
    let next = next_process(&setup, FileStore::at(&directory));
    assert_eq!(next.token().await.unwrap().generation(), Generation::new(2));
    assert_eq!(setup.stored_generation().await, Generation::new(2));
    assert_eq!(setup.server.count("/refresh"), 2);
    assert_eq!(setup.server.reused(), 0);
    // The dead process still tries to write its token; what it leaves is in the system's temporary
    // folder.
    _ = std::fs::remove_dir_all(&directory);
}

/// A recovered token needs no lease, so another owner may be about to spend its parent. Within the
/// grace that is harmless, but its intent must not outlive that.
// FAULTS.md row 121
#[tokio::test(start_paused = true)]
async fn an_intent_that_is_written_after_the_recovered_token_is_taken_back() {
    let grace = Rotation::Grace(120 * MINUTE);
    let (setup, fallback) = (Setup::new(Acme::with(grace)), MemoryStore::new());
    died_with_the_token(&setup, fallback.clone()).await;
    // Its lease ends.
    advance(MINUTE).await;
    let store = setup.store.for_other_process();
    let gate = Gate::closed();
    store.fail_with([Op::WriteIntent], &StoreFault::Delayed(gate.clone()));
    let other = setup.builder(&store).build().unwrap();
    assert_eq!(ask(&other).await, Generation::new(1));
    let next = next_process(&setup, fallback);
    ask(&next).await;
    assert_eq!(setup.stored_generation().await, Generation::new(2));
    let sibling = r#"{"token":"acme-access-other","refresh":"acme-refresh-other","ttl":3600}"#;
    setup.server.then([Fault::ok(sibling)]);
    gate.open();
    advance(SECOND).await;
    assert_eq!(setup.server.count("/refresh"), 3);
    let shared = next.current().unwrap();
    assert!(other.current().unwrap().same_secrets_as(&shared));
    assert!(setup.stored().await.intent.is_none());
}

/// The same death without a fallback loses the grant, so the test above can fail.
#[tokio::test(start_paused = true)]
async fn without_a_fallback_store_the_grant_is_lost_with_the_process() {
    let (setup, fallback) = (Setup::new(Acme::single_use()), MemoryStore::new());
    died_with_the_token(&setup, fallback.clone()).await;
    let next = next_process(&setup, MemoryStore::new());
    // The old token is served while it lives; then there is nothing.
    advance(15 * MINUTE).await;
    assert_eq!(next.token().await.unwrap_err().kind(), ErrorKind::Rejected);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_fallback_store_is_served_while_the_store_is_still_down() {
    let (setup, fallback) = (Setup::new(Acme::single_use()), MemoryStore::new());
    died_with_the_token(&setup, fallback.clone()).await;
    let store = setup.store.for_other_process();
    store.fail([Op::Acquire, Op::Load, Op::Commit]);
    let next = setup
        .builder(&store)
        .fallback_store(fallback.clone())
        .build()
        .unwrap();
    assert_eq!(next.token().await.unwrap().generation(), Generation::new(2));
    store.recover();
    advance(MINUTE).await;
    assert_eq!(setup.stored_generation().await, Generation::new(2));
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_fallback_store_is_recovered_though_its_parent_was_refused_meanwhile() {
    for fails_first in [false, true] {
        let setup = Setup::new(Acme::single_use());
        let fallback = Setup::new(Acme::single_use()).store;
        died_with_the_token(&setup, fallback.clone()).await;
        advance(11 * MINUTE).await;
        setup.server.then_refuse("invalid_grant");
        let error = setup.newcomer().token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        let before = setup.server.requests().len();

        let next = next_process(&setup, fallback.clone());
        assert!(next.load().await.unwrap().is_none(), "it is marked");
        if fails_first {
            fallback.fail([Op::Load]);
        }
        fallback.log();
        let keeping = next.keep_fresh();
        advance(MINUTE).await;
        keeping.stop();
        let is_load = |op: &&Op| **op == Op::Load;
        assert_eq!(fallback.log().iter().filter(is_load).count(), 1);
        assert_eq!(next.current().is_some(), !fails_first);
        fallback.recover();
        assert_eq!(setup.server.requests().len(), before);
        assert_eq!(token_generation(&next).await, Generation::new(2));
        assert_eq!(setup.stored_generation().await, Generation::new(2));
        assert_eq!(setup.server.requests().len(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_grant_is_noticed_before_the_fallback_store_is_read() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    setup.server.then_refuse("invalid_grant");
    _ = cache.refresh_if(Generation::new(1)).await.unwrap_err();
    let next = next_process(&setup, MemoryStore::new());
    assert!(next.load().await.unwrap().is_some(), "it is live");
    let keeping = next.keep_fresh();
    advance(MINUTE).await;
    cache.redeem(setup.acme.redemption()).await.unwrap();
    advance(20 * SECOND).await;
    keeping.stop();
    assert_eq!(next.current().unwrap().generation(), Generation::new(2));
    assert!(next.health().last_error.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_fallback_store_that_had_its_successor_changes_nothing() {
    let (setup, fallback) = (Setup::new(Acme::single_use()), MemoryStore::new());
    let cache = setup.fresh_cache().await;
    let first = setup.stored().await.record.unwrap();
    fallback
        .commit(&setup.acme.key(), &CommitCondition::Overwrite, &first)
        .await
        .unwrap();
    advance(50 * MINUTE).await;
    ask(&cache).await;
    assert_eq!(
        next_process(&setup, fallback.clone())
            .token()
            .await
            .unwrap()
            .generation(),
        Generation::new(2)
    );
    assert_eq!(setup.stored_generation().await, Generation::new(2));
    assert_eq!(setup.server.reused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_store_that_fails_too_is_reported_and_the_token_is_served() {
    let (setup, fallback) = (
        Setup::new(Acme::single_use()),
        Setup::new(Acme::single_use()).store,
    );
    let cache = setup.cache_with(|builder| builder.fallback_store(fallback.clone()));
    let mut events = cache.events();
    fallback.fail([Op::Commit]);
    setup.store.fail([Op::Commit]);
    assert_eq!(token_generation(&cache).await, Generation::new(1));
    let received = received(&mut events).await;
    assert!(
        received
            .iter()
            .any(|event| matches!(event, Event::FallbackFailed { .. })),
        "{received:?}"
    );
}
