//! Tokens that APIs refuse, and vendors that stand by them.

use std::time::Duration;

use token_cache::{Event, TokenCache};
use token_core::{ErrorKind, Generation, Rotation};

use crate::acme::{Acme, Ailment, Fault, IMPATIENT, Op, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

async fn refuse(cache: &TokenCache) {
    let token = (*cache.token().await.unwrap()).clone();
    cache.invalidate(&token);
}

fn refused_again(told: &[Event]) -> usize {
    let is_told = |event: &&Event| matches!(event, Event::RefusedAgain { .. });
    told.iter().filter(is_told).count()
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_revoked_on_the_server_ends_in_rejected_where_there_is_no_login() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    world.server.kill_grant();
    refuse(&cache).await;
    for _ in 0..48 {
        assert!(cache.current().is_none());
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
        pass(60 * MINUTE).await;
    }
    assert_eq!(world.server.count("/refresh"), 2);
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_revoked_on_the_server_ends_in_a_new_one_where_there_is_a_login() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.stranger();
    cache.token().await.unwrap();
    world.server.kill_grant();
    refuse(&cache).await;
    let token = cache.token().await.unwrap();
    assert!(world.server.accepts(token.access()));
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_that_the_vendor_repeats_is_handed_out_again_and_told() {
    let world = World::of(Acme::with(Rotation::Idempotent).and_login());
    let cache = world.stranger();
    let first = (*cache.token().await.unwrap()).clone();
    let mut events = cache.events();
    world.server.outage(Fault::Same);
    cache.invalidate(&first);
    assert!(cache.token().await.unwrap().same_secrets_as(&first));
    let asked = |path| world.server.count(path);
    assert_eq!(
        (asked("/refresh"), asked("/login")),
        (1, 2),
        "the login is tried once"
    );
    assert_eq!(refused_again(&told(&mut events).await), 1);

    // Every caller's refusal before the pause is over costs nothing.
    for _ in 0..100 {
        refuse(&cache).await;
    }
    assert_eq!((asked("/refresh"), asked("/login")), (1, 2));
    pass(SECOND).await;
    refuse(&cache).await;
    assert!(cache.token().await.unwrap().same_secrets_as(&first));
    assert_eq!((asked("/refresh"), asked("/login")), (2, 3));
    assert_eq!(refused_again(&told(&mut events).await), 1);
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn one_route_that_refuses_every_token_costs_ever_fewer_exchanges_and_takes_no_caller_down() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let mut events = cache.events();
    cache.token().await.unwrap();
    for _ in 0..600 {
        refuse(&cache).await;
        assert!(world.server.accepts(cache.token().await.unwrap().access()));
        pass(SECOND).await;
    }
    let exchanges = world.server.arrived().len();
    assert!((5..=12).contains(&exchanges), "{exchanges}");
    assert!(refused_again(&told(&mut events).await) >= 5);
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_short_token_is_newly_exchanged_for_half_of_its_life_at_most() {
    let world = World::of(Acme::single_use());
    world.server.life(4 * SECOND);
    let cache = world.owner();
    cache.token().await.unwrap();
    refuse(&cache).await;
    assert_eq!(
        cache.token().await.unwrap().generation(),
        Generation::new(2)
    );
    pass(SECOND * 5 / 2).await;
    let second = (*cache.current().unwrap()).clone();
    cache.invalidate(&second);
    assert_eq!(
        cache.token().await.unwrap().generation(),
        Generation::new(3)
    );
}

// FAULTS.md row 110
#[tokio::test(start_paused = true)]
async fn a_token_from_the_store_that_is_refused_too_is_replaced_at_once() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    let generation = theirs.current().unwrap().generation();
    theirs.refresh_if(generation).await.unwrap();
    refuse(&ours).await;
    let adopted = (*ours.token().await.unwrap()).clone();
    assert_eq!(adopted.generation(), Generation::new(2));
    ours.invalidate(&adopted);
    assert_eq!(ours.token().await.unwrap().generation(), Generation::new(3));
    assert_eq!(world.server.count("/refresh"), 3);
}

// FAULTS.md row 111
#[tokio::test(start_paused = true)]
async fn callers_whose_flight_finds_a_newer_token_that_is_over_fly_again() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    world.server.life(MINUTE);
    let generation = theirs.current().unwrap().generation();
    theirs.refresh_if(generation).await.unwrap();
    pass(2 * MINUTE).await;
    world.server.life(60 * MINUTE);
    refuse(&ours).await;
    let token = ours.token().await.unwrap();
    assert_eq!(token.generation(), Generation::new(3));
    assert_eq!(world.server.reused(), 0);
}

// FAULTS.md rows 64 and 5
#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_handed_out_because_the_store_is_away() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    world.store.ails(Op::ALL, &Ailment::Dead);
    refuse(&cache).await;
    assert_eq!(
        cache.token_within(IMPATIENT).await.unwrap_err().kind(),
        ErrorKind::Store
    );
    world.store.heals();
    assert_eq!(
        cache.token().await.unwrap().generation(),
        Generation::new(2)
    );
}
