//! Refreshing without traffic.

use std::time::Duration;

use crate::acme::{Acme, Fault, Stage, World, pass};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn keep_fresh_refreshes_without_traffic_and_stops_when_told() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let keeping = cache.keep_fresh();
    pass(180 * MINUTE).await;
    let refreshes = world.server.arrived().len();
    assert!((4..=6).contains(&refreshes), "{refreshes}");
    assert!(cache.current().is_some());
    keeping.stop();
    pass(600 * MINUTE).await;
    assert_eq!(world.server.arrived().len(), refreshes);
}

#[tokio::test(start_paused = true)]
async fn keep_fresh_dies_with_the_cache() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    drop(cache.keep_fresh());
    pass(90 * MINUTE).await;
    let refreshes = world.server.arrived().len();
    let mut events = cache.events();
    drop(cache);
    let end = tokio::time::timeout(MINUTE / 60, events.next()).await;
    assert!(end.unwrap().is_none(), "the engine is gone at once");
    pass(600 * MINUTE).await;
    assert_eq!(world.server.arrived().len(), refreshes);
}

#[tokio::test(start_paused = true)]
async fn keep_fresh_outlives_an_outage() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    drop(cache.keep_fresh());
    world.server.outage(Fault::Lost(Stage::BeforeActing));
    pass(120 * MINUTE).await;
    assert!(cache.current().is_none());
    world.server.outage(None);
    pass(6 * MINUTE).await;
    assert!(cache.current().is_some());
}
