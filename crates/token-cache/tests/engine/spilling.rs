//! A process that dies while the store does not take its token.

use std::time::Duration;

use token_cache::{Event, MemoryStore, TokenCache};
use token_core::store::{CommitCondition, Entry};
use token_core::{ErrorKind, Generation, TokenEndpoint, TokenStore};
use token_file::FileStore;
use token_file::test_util::WriteStep;

use crate::acme::{Acme, Ailment, Op, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

/// A process that refreshed to generation 2 and died before the store took it. What it had in hand
/// is gone, but for its spill.
async fn died_with_the_token(world: &World, spill: impl TokenStore) {
    let cache = world
        .process(&world.store)
        .initial_token(world.server.grant())
        .fallback_store(spill)
        .build()
        .unwrap();
    cache.token().await.unwrap();
    pass(50 * MINUTE).await;
    world.store.ails([Op::Commit], &Ailment::Dead);
    cache.token().await.unwrap();
    pass(Duration::from_secs(1)).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    // Its way to the store stays broken, so whatever it still does has no effect.
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(1)
    );
}

/// The next process of that machine, with a way of its own to the store.
fn next_process(world: &World, spill: impl TokenStore) -> TokenCache {
    world
        .process(&world.store.sibling())
        .fallback_store(spill)
        .build()
        .unwrap()
}

async fn spilled(world: &World, spill: &MemoryStore) -> Entry {
    spill.load(&world.acme.key()).await.unwrap()
}

// FAULTS.md rows 4 and 41
#[tokio::test(start_paused = true)]
async fn the_next_process_finds_what_a_dead_one_could_not_write() {
    let (world, spill) = (World::of(Acme::single_use()), MemoryStore::new());
    died_with_the_token(&world, spill.clone()).await;
    let next = next_process(&world, spill.clone());
    let mut events = next.events();
    assert_eq!(next.token().await.unwrap().generation(), Generation::new(2));
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
    assert_eq!(
        (world.server.count("/refresh"), world.server.reused()),
        (2, 0)
    );
    assert!(
        spilled(&world, &spill).await.record.is_none(),
        "what the store has must not come back"
    );
    let told = told(&mut events).await;
    assert!(
        told.iter()
            .any(|event| matches!(event, Event::Rewritten { .. } | Event::Persisted { .. })),
        "{told:?}"
    );
}

/// The fallback store's own write was whole on disk, and not in its place yet, when the process
/// died.
// FAULTS.md row 97
#[tokio::test(start_paused = true)]
async fn the_next_process_finds_what_a_dead_one_had_half_written() {
    let world = World::of(Acme::single_use());
    let directory =
        std::env::temp_dir().join(format!("token-cache-half-written-{}", std::process::id()));
    let dying = FileStore::at(&directory).before_each_step(|step| match step {
        WriteStep::Rename => Err(std::io::Error::other("the process dies")),
        _ => Ok(()),
    });
    died_with_the_token(&world, dying).await;
    let next = next_process(&world, FileStore::at(&directory));
    assert_eq!(next.token().await.unwrap().generation(), Generation::new(2));
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
    assert_eq!(
        (world.server.count("/refresh"), world.server.reused()),
        (2, 0)
    );
    // The dead process still tries to write its token; what it leaves is in the system's temporary
    // folder.
    _ = std::fs::remove_dir_all(&directory);
}

/// The same death without a spill loses the grant, so the test above can fail.
#[tokio::test(start_paused = true)]
async fn without_a_spill_that_death_loses_the_grant() {
    let (world, spill) = (World::of(Acme::single_use()), MemoryStore::new());
    died_with_the_token(&world, spill.clone()).await;
    let next = next_process(&world, MemoryStore::new());
    // The old token is served while it lives; then there is nothing.
    pass(15 * MINUTE).await;
    assert_eq!(next.token().await.unwrap_err().kind(), ErrorKind::Rejected);
}

#[tokio::test(start_paused = true)]
async fn a_spilled_token_is_served_while_the_store_is_still_dead() {
    let (world, spill) = (World::of(Acme::single_use()), MemoryStore::new());
    died_with_the_token(&world, spill.clone()).await;
    let store = world.store.sibling();
    store.ails([Op::Acquire, Op::Load, Op::Commit], &Ailment::Dead);
    let next = world
        .process(&store)
        .fallback_store(spill.clone())
        .build()
        .unwrap();
    assert_eq!(next.token().await.unwrap().generation(), Generation::new(2));
    store.heals();
    pass(MINUTE).await;
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_spilled_token_that_had_its_successor_changes_nothing() {
    let (world, spill) = (World::of(Acme::single_use()), MemoryStore::new());
    let cache = world.owner();
    cache.token().await.unwrap();
    let first = world.kept().await.record.unwrap();
    spill
        .commit(&world.acme.key(), &CommitCondition::Overwrite, &first)
        .await
        .unwrap();
    pass(50 * MINUTE).await;
    cache.token().await.unwrap();
    pass(Duration::from_secs(1)).await;
    assert_eq!(
        next_process(&world, spill.clone())
            .token()
            .await
            .unwrap()
            .generation(),
        Generation::new(2)
    );
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        Generation::new(2)
    );
    assert_eq!(world.server.reused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_spill_that_fails_too_is_told_and_the_token_is_served() {
    let (world, spill) = (
        World::of(Acme::single_use()),
        World::of(Acme::single_use()).store,
    );
    let cache = world
        .process(&world.store)
        .initial_token(world.server.grant())
        .fallback_store(spill.clone())
        .build()
        .unwrap();
    let mut events = cache.events();
    spill.ails([Op::Commit], &Ailment::Dead);
    world.store.ails([Op::Commit], &Ailment::Dead);
    assert_eq!(
        cache.token().await.unwrap().generation(),
        Generation::new(1)
    );
    let told = told(&mut events).await;
    assert!(
        told.iter()
            .any(|event| matches!(event, Event::FallbackFailed { .. })),
        "{told:?}"
    );
}
