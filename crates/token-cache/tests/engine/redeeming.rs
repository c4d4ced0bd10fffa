//! A code or a password that is redeemed while a refresh waits for another holder.

use std::time::Duration;

use token_cache::TokenCache;
use token_core::{ErrorKind, Rotation};
use tokio::time::Instant;

use crate::acme::{Acme, Fault, World, pass};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A process whose refresh waits, because another process may have spent the refresh token.
async fn waiting_for_another_holder(world: &World, age: Duration) -> TokenCache {
    let cache = world.owner();
    cache.token().await.unwrap();
    pass(age).await;
    world.leave_doubt().await;
    _ = cache.token_within(SECOND).await;
    pass(SECOND).await;
    assert_eq!(world.server.count("/refresh"), 1, "the refresh waits");
    cache
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_code_is_redeemed_at_once_though_a_refresh_waits_for_another_holder() {
    for age in [50 * MINUTE, 60 * MINUTE] {
        let world = World::of(Acme::single_use());
        let cache = waiting_for_another_holder(&world, age).await;
        let asked = Instant::now();
        let waiter = {
            let cache = cache.clone();
            tokio::spawn(async move { cache.token().await.map(|token| token.generation()) })
        };
        let token = cache.redeem(world.acme.redemption()).await.unwrap();
        assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
        assert!(world.server.accepts(token.access()));
        assert!(waiter.await.unwrap().is_ok());
        assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
        assert_eq!(world.server.count("/refresh"), 1);
        assert!(world.kept().await.intent.is_none());
    }
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_code_that_is_refused_does_not_end_the_wait_for_another_holder() {
    let world = World::of(Acme::single_use());
    let cache = waiting_for_another_holder(&world, 50 * MINUTE).await;
    for _ in 0..2 {
        world.server.then_refuse("invalid_grant");
        let asked = Instant::now();
        let refused = cache.redeem(world.acme.redemption()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Rejected);
        assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
        pass(10 * SECOND).await;
    }
    assert!(cache.token().await.is_ok(), "the grant is as it was");
    pass(4 * MINUTE).await;
    assert_eq!(world.server.count("/refresh"), 1, "the refresh still waits");
    pass(2 * MINUTE).await;
    assert_eq!(world.server.count("/refresh"), 2);
}

/// A new refresh token is spent next, though the redemption that brought it is an error.
// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn a_code_that_brings_a_refresh_token_alone_ends_the_wait_for_another_holder() {
    let world = World::of(Acme::single_use());
    let cache = waiting_for_another_holder(&world, 50 * MINUTE).await;
    world.server.then([
        Fault::Answer(200, &[], r#"{"refresh":"alone-2"}"#.into()),
        Fault::Answer(
            200,
            &[],
            r#"{"token":"A3","refresh":"R3","ttl":3600}"#.into(),
        ),
    ]);
    assert!(cache.redeem(world.acme.redemption()).await.is_err());
    pass(SECOND).await;
    _ = cache.token().await.unwrap();
    pass(SECOND).await;
    assert_eq!(cache.token().await.unwrap().access().expose(), "A3");
    let last = world.server.arrived().pop().unwrap();
    assert_eq!(last.presented, "alone-2");
    assert_eq!(world.server.count("/refresh"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_redemption_whose_caller_goes_away_before_it_begins_is_not_made() {
    let world = World::of(Acme::with(Rotation::Grace(MINUTE)));
    let cache = world.due_owner().await;
    world.server.latency(10 * SECOND);
    cache.token().await.unwrap();
    pass(SECOND).await;
    let redeeming = cache.redeem(world.acme.redemption());
    assert!(tokio::time::timeout(SECOND, redeeming).await.is_err());
    pass(MINUTE).await;
    assert_eq!(
        (
            world.server.count("/refresh"),
            world.server.count("/redeem")
        ),
        (2, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_redemption_waits_for_an_exchange_that_is_under_way() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.latency(10 * SECOND);
    cache.token().await.unwrap();
    pass(SECOND).await;
    let asked = Instant::now();
    let token = cache.redeem(world.acme.redemption()).await.unwrap();
    assert_eq!(asked.elapsed(), 19 * SECOND);
    assert!(world.server.accepts(token.access()));
    assert_eq!(world.server.reused(), 0);
}
