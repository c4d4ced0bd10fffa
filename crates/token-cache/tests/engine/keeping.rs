//! Refreshing without traffic.

use crate::acme::{Acme, Fault, MINUTE, SECOND, Setup, When, advance};

#[tokio::test(start_paused = true)]
async fn keep_fresh_refreshes_without_traffic_and_stops_when_told() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let keeping = cache.keep_fresh();
    advance(180 * MINUTE).await;
    let refreshes = setup.server.requests().len();
    assert!((4..=6).contains(&refreshes), "{refreshes}");
    assert!(cache.current().is_some());
    keeping.stop();
    advance(600 * MINUTE).await;
    assert_eq!(setup.server.requests().len(), refreshes);
}

#[tokio::test(start_paused = true)]
async fn keep_fresh_ends_with_the_cache() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    drop(cache.keep_fresh());
    advance(90 * MINUTE).await;
    let refreshes = setup.server.requests().len();
    let mut events = cache.events();
    drop(cache);
    let end = tokio::time::timeout(SECOND, events.next()).await;
    assert!(end.unwrap().is_none(), "the engine is gone at once");
    advance(600 * MINUTE).await;
    assert_eq!(setup.server.requests().len(), refreshes);
}

#[tokio::test(start_paused = true)]
async fn keep_fresh_outlives_an_outage() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    drop(cache.keep_fresh());
    setup.server.outage(Fault::Lost(When::BeforeProcessing));
    advance(120 * MINUTE).await;
    assert!(cache.current().is_none());
    setup.server.outage(None);
    advance(6 * MINUTE).await;
    assert!(cache.current().is_some());
}
