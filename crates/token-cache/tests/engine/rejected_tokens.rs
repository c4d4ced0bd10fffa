//! Tokens that APIs refuse, and vendors that stand by them.

use token_cache::{Event, TokenCache};
use token_core::{ErrorKind, Generation, Rotation};

use crate::acme::{
    Acme, Fault, IMPATIENT, MINUTE, Op, SECOND, Setup, advance, received, token_generation,
};

async fn refuse(cache: &TokenCache) {
    let token = (*cache.token().await.unwrap()).clone();
    cache.invalidate(&token);
}

fn refused_again(received: &[Event]) -> usize {
    let is_told = |event: &&Event| matches!(event, Event::RefusedAgain { .. });
    received.iter().filter(is_told).count()
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_revoked_on_the_server_ends_in_rejected_where_there_is_no_login() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    setup.server.revoke_grant();
    refuse(&cache).await;
    for _ in 0..48 {
        assert!(cache.current().is_none());
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
        advance(60 * MINUTE).await;
    }
    assert_eq!(setup.server.count("/refresh"), 2);
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_revoked_on_the_server_ends_in_a_new_one_where_there_is_a_login() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    setup.server.revoke_grant();
    refuse(&cache).await;
    let token = cache.token().await.unwrap();
    assert!(setup.server.accepts(token.access()));
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_that_the_vendor_repeats_is_handed_out_again_and_told() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_login());
    let cache = setup.empty_cache();
    let first = (*cache.token().await.unwrap()).clone();
    let mut events = cache.events();
    setup.server.outage(Fault::Same);
    cache.invalidate(&first);
    assert!(cache.token().await.unwrap().same_secrets_as(&first));
    let asked = |path| setup.server.count(path);
    assert_eq!(
        (asked("/refresh"), asked("/login")),
        (1, 2),
        "the login is tried once"
    );
    assert_eq!(refused_again(&received(&mut events).await), 1);

    // Every caller's refusal before the pause is over costs nothing.
    for _ in 0..100 {
        refuse(&cache).await;
    }
    assert_eq!((asked("/refresh"), asked("/login")), (1, 2));
    advance(SECOND).await;
    refuse(&cache).await;
    assert!(cache.token().await.unwrap().same_secrets_as(&first));
    assert_eq!((asked("/refresh"), asked("/login")), (2, 3));
    assert_eq!(refused_again(&received(&mut events).await), 1);
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn one_route_that_refuses_every_token_costs_few_exchanges_and_fails_no_caller() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let mut events = cache.events();
    cache.token().await.unwrap();
    for _ in 0..600 {
        refuse(&cache).await;
        assert!(setup.server.accepts(cache.token().await.unwrap().access()));
        advance(SECOND).await;
    }
    let exchanges = setup.server.requests().len();
    assert!((5..=12).contains(&exchanges), "{exchanges}");
    assert!(refused_again(&received(&mut events).await) >= 5);
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_short_token_is_newly_exchanged_for_half_of_its_life_at_most() {
    let setup = Setup::new(Acme::single_use());
    setup.server.life(4 * SECOND);
    let cache = setup.fresh_cache().await;
    refuse(&cache).await;
    assert_eq!(token_generation(&cache).await, Generation::new(2));
    advance(SECOND * 5 / 2).await;
    let second = (*cache.current().unwrap()).clone();
    cache.invalidate(&second);
    assert_eq!(token_generation(&cache).await, Generation::new(3));
}

// FAULTS.md row 110
#[tokio::test(start_paused = true)]
async fn a_token_from_the_store_that_is_refused_too_is_replaced_at_once() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    let generation = theirs.current().unwrap().generation();
    theirs.refresh_if(generation).await.unwrap();
    refuse(&ours).await;
    let adopted = (*ours.token().await.unwrap()).clone();
    assert_eq!(adopted.generation(), Generation::new(2));
    ours.invalidate(&adopted);
    assert_eq!(ours.token().await.unwrap().generation(), Generation::new(3));
    assert_eq!(setup.server.count("/refresh"), 3);
}

// FAULTS.md row 111
#[tokio::test(start_paused = true)]
async fn callers_whose_flight_finds_an_expired_newer_token_start_another() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    setup.server.life(MINUTE);
    let generation = theirs.current().unwrap().generation();
    theirs.refresh_if(generation).await.unwrap();
    advance(2 * MINUTE).await;
    setup.server.life(60 * MINUTE);
    refuse(&ours).await;
    let token = ours.token().await.unwrap();
    assert_eq!(token.generation(), Generation::new(3));
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md rows 64 and 5
#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_handed_out_because_the_store_is_away() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    setup.store.fail(Op::ALL);
    refuse(&cache).await;
    assert_eq!(
        cache.token_within(IMPATIENT).await.unwrap_err().kind(),
        ErrorKind::Store
    );
    setup.store.recover();
    assert_eq!(token_generation(&cache).await, Generation::new(2));
}
