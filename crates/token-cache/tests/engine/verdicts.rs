//! Refusals: by the vendor, and by an API.

use std::time::Duration;

use token_cache::Event;
use token_core::{ErrorKind, Generation, Rotation, Secret, Token, Validity};

use crate::acme::{Acme, Ailment, Fault, IMPATIENT, Op, Stage, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

fn rejections(told: &[Event]) -> usize {
    told.iter()
        .filter(|event| matches!(event, Event::Rejected { .. }))
        .count()
}

// FAULTS.md row 6
#[tokio::test(start_paused = true)]
async fn a_refused_grant_is_dead_once_and_its_access_token_is_served_to_its_end() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.kill_grant();
    let mut events = cache.events();
    for _ in 0..9 {
        assert_eq!(
            cache.token().await.unwrap().generation(),
            Generation::new(1)
        );
        pass(MINUTE).await;
    }
    for _ in 0..60 {
        pass(MINUTE).await;
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    }
    assert_eq!(world.server.arrived().len(), 2);
    assert_eq!(rejections(&told(&mut events).await), 1);
    assert!(world.kept().await.record.is_some());
}

// FAULTS.md row 6
#[tokio::test(start_paused = true)]
async fn a_verdict_outlasts_a_store_that_is_down_for_a_while() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.kill_grant();
    let mut events = cache.events();
    cache.token().await.unwrap();
    pass(20 * MINUTE).await;
    world.store.ails(Op::ALL, &Ailment::Dead);
    for _ in 0..20 {
        assert!(cache.token().await.is_err());
        pass(MINUTE).await;
    }
    world.store.heals();
    for _ in 0..20 {
        assert!(cache.token().await.is_err());
        pass(MINUTE).await;
    }
    assert_eq!(world.server.arrived().len(), 2);
    assert_eq!(rejections(&told(&mut events).await), 1);
}

// FAULTS.md row 6
#[tokio::test(start_paused = true)]
async fn a_token_that_lost_the_race_is_tried_once_where_the_winner_is_refused() {
    let world = World::of(Acme::single_use());
    let (ours, (theirs, _)) = (world.owner(), world.other());
    ours.token().await.unwrap();
    theirs.token().await.unwrap();
    // 80 seconds of doubt are left, and less than the exchange's 120.
    pass(60 * MINUTE - Duration::from_secs(80)).await;
    let gate = world.server.then_hold(Stage::AfterActing);
    world.store.ails([Op::Renew], &Ailment::Dead);
    let mut events = ours.events();
    ours.token().await.unwrap();
    gate.reached().await;
    // The server forks the grant, and forgets that fork later.
    let fork = r#"{"token":"acme-access-fork","refresh":"acme-refresh-fork","ttl":3600}"#;
    world.server.then([Fault::Answer(200, &[], fork.into())]);
    theirs.token().await.unwrap();
    pass(Duration::from_secs(100)).await;
    assert_eq!(
        theirs.current().unwrap().access().expose(),
        "acme-access-fork"
    );
    gate.open();
    pass(MINUTE / 60).await;
    assert_eq!(
        ours.current().unwrap().access().expose(),
        "acme-access-fork"
    );
    assert!(
        told(&mut events)
            .await
            .iter()
            .any(|event| matches!(event, Event::Superseded { .. }))
    );
    world.store.heals();
    pass(50 * MINUTE).await;
    ours.token().await.unwrap();
    pass(MINUTE / 60).await;
    assert!(world.server.accepts(ours.current().unwrap().access()));
    assert_eq!(
        world.kept().await.record.unwrap().generation,
        ours.current().unwrap().generation()
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_grant_comes_alive_through_redeem() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.kill_grant();
    cache.token().await.unwrap();
    pass(60 * MINUTE).await;
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let token = cache.redeem(world.acme.redemption()).await.unwrap();
    assert_eq!(token.generation(), Generation::new(2));
    pass(50 * MINUTE).await;
    cache.token().await.unwrap();
    pass(MINUTE).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(3));
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_falls_back_to_the_repeatable_login_in_the_same_flight() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.stranger();
    cache.token().await.unwrap();
    pass(61 * MINUTE).await;
    world.server.kill_grant();
    let mut events = cache.events();
    assert!(world.server.accepts(cache.token().await.unwrap().access()));
    assert_eq!(
        (world.server.count("/refresh"), world.server.count("/login")),
        (1, 2)
    );
    assert_eq!(rejections(&told(&mut events).await), 0);
}

// FAULTS.md row 43
#[tokio::test(start_paused = true)]
async fn a_refusal_that_kills_the_live_token_ends_its_serving_at_once() {
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.then_refuse("disabled");
    cache.token().await.unwrap();
    pass(MINUTE / 60).await;
    assert!(cache.current().is_none());
    assert_eq!(cache.token().await.unwrap_err().code(), Some("disabled"));
}

// FAULTS.md row 43
#[tokio::test(start_paused = true)]
async fn a_young_token_is_not_refreshed_on_speculation() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    drop(cache.keep_fresh());
    for _ in 0..40 {
        cache.token().await.unwrap();
        pass(MINUTE).await;
    }
    assert_eq!(world.server.arrived().len(), 1);
}

// FAULTS.md row 35
#[tokio::test(start_paused = true)]
async fn a_late_401_for_an_older_generation_changes_nothing() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let first = (*cache.token().await.unwrap()).clone();
    cache.invalidate(&first);
    let second = cache.token().await.unwrap();
    assert_eq!(second.generation(), first.generation().next());
    cache.invalidate(&first);
    pass(MINUTE).await;
    assert!(cache.token().await.unwrap().same_secrets_as(&second));
    assert_eq!(world.server.arrived().len(), 2);
}

// FAULTS.md row 35
#[tokio::test(start_paused = true)]
async fn an_api_that_refuses_token_after_token_causes_no_loop() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    for _ in 0..600 {
        let token = cache.token().await.unwrap();
        cache.invalidate(&token);
        pass(MINUTE / 60).await;
    }
    let exchanges = world.server.arrived().len();
    assert!((5..=12).contains(&exchanges), "{exchanges}");
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_that_an_api_refused_is_not_handed_out_until_an_exchange_has_answered() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let token = (*cache.token().await.unwrap()).clone();
    world.server.outage(Fault::Answer(503, &[], "{}".into()));
    cache.invalidate(&token);
    assert!(cache.current().is_none());
    let error = cache.token_within(IMPATIENT).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503);
    world.server.outage(None);
    pass(MINUTE).await;
    assert!(!cache.token().await.unwrap().same_secrets_as(&token));
}

#[tokio::test(start_paused = true)]
async fn a_first_token_that_is_its_own_refresh_token_is_refreshed() {
    let world = World::of(Acme::with(Rotation::Idempotent));
    let now = token_core::Clock::now(&world.clock).wall;
    let access = Secret::from(world.server.living_refresh());
    let first = Token::builder(access, Validity::new(now, now.after(60 * MINUTE)))
        .build()
        .unwrap();
    let cache = world
        .process(&world.store)
        .initial_token(first)
        .build()
        .unwrap();
    cache.token().await.unwrap();
    assert!(world.server.arrived().is_empty());
    pass(50 * MINUTE).await;
    cache.token().await.unwrap();
    pass(MINUTE / 60).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(1));
}
