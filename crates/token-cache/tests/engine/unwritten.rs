//! A token that the store did not take at once: its writer, and the flights beside it.

use std::time::Duration;

use token_cache::{Drained, Event, TokenCache};
use token_core::Rotation;

use crate::acme::{Acme, Ailment, Gate, Op, World, pass, told};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A process whose second token the store did not take.
async fn with_unwritten_token(world: &World) -> TokenCache {
    let cache = world.due_owner().await;
    world.store.ails([Op::Commit], &Ailment::Dead);
    cache.token().await.unwrap();
    pass(SECOND / 10).await;
    cache
}

/// Two tries at once: the writer's and that of a drain. Another login has taken the place
/// meanwhile.
// FAULTS.md row 4
#[tokio::test(start_paused = true)]
async fn an_unwritten_token_that_lost_is_told_once_and_is_one_spare() {
    let world = World::of(Acme::single_use());
    let cache = with_unwritten_token(&world).await;
    let spare = cache
        .current()
        .unwrap()
        .refresh()
        .unwrap()
        .expose()
        .to_owned();
    pass(MINUTE).await; // Its lease is over.
    let newcomer = world.process(&world.store.sibling()).build().unwrap();
    newcomer.redeem(world.acme.redemption()).await.unwrap();
    let mut events = cache.events();
    let gate = Gate::closed();
    world.store.ails([Op::Commit], &Ailment::Late(gate.clone()));
    gate.reached().await;
    let draining = tokio::spawn({
        let cache = cache.clone();
        async move { cache.drain(MINUTE).await }
    });
    pass(SECOND / 10).await;
    gate.open();
    assert_eq!(draining.await.unwrap(), Drained::Settled);
    let told = told(&mut events).await;
    let lost = told
        .iter()
        .filter(|event| matches!(event, Event::Superseded { .. }));
    assert_eq!(lost.count(), 1, "{told:?}");
    pass(50 * MINUTE).await;
    world.server.then_refuse("invalid_grant");
    cache.token().await.unwrap();
    pass(MINUTE).await;
    let arrived = world.server.arrived();
    let tried = arrived.iter().filter(|request| request.presented == spare);
    assert_eq!(tried.count(), 1, "{arrived:?}");
}

/// The writer gives its lease back while the next flight begins.
// FAULTS.md row 8
#[tokio::test(start_paused = true)]
async fn the_lease_that_an_unwritten_token_left_is_given_back_before_the_next_flight_takes_it() {
    let world = World::of(Acme::with(Rotation::Idempotent));
    let cache = with_unwritten_token(&world).await;
    let (other, _) = world.other();
    let gate = Gate::closed();
    world.store.heals();
    world
        .store
        .ails([Op::Release], &Ailment::Delayed(gate.clone()));
    gate.reached().await;
    let written = cache.current().unwrap().generation();
    assert_eq!(other.token().await.unwrap().generation(), written);
    world.server.latency(2 * SECOND);
    let refreshing = |cache: TokenCache| {
        tokio::spawn(async move {
            cache
                .refresh_if(written)
                .await
                .map(|token| token.generation())
        })
    };
    let ours = refreshing(cache);
    pass(SECOND).await;
    gate.open();
    pass(SECOND / 2).await;
    let theirs = refreshing(other);
    assert_eq!(ours.await.unwrap().unwrap(), written.next());
    assert_eq!(theirs.await.unwrap().unwrap(), written.next());
    assert_eq!(
        world.server.count("/refresh"),
        3,
        "one exchange for two processes"
    );
}
