//! Refusals: by the vendor, and by an API.

use std::time::Duration;

use token_cache::Event;
use token_core::{ErrorKind, Generation, Rotation, Secret, Token, Validity};

use crate::acme::{
    Acme, Fault, IMPATIENT, MINUTE, Op, SECOND, Setup, When, advance, ask, received,
    token_generation,
};

fn rejections(received: &[Event]) -> usize {
    received
        .iter()
        .filter(|event| matches!(event, Event::Rejected { .. }))
        .count()
}

// FAULTS.md row 6
#[tokio::test(start_paused = true)]
async fn a_refused_grant_is_dead_once_and_its_access_token_is_served_to_its_end() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.revoke_grant();
    let mut events = cache.events();
    for _ in 0..9 {
        assert_eq!(token_generation(&cache).await, Generation::new(1));
        advance(MINUTE).await;
    }
    for _ in 0..60 {
        advance(MINUTE).await;
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    }
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(rejections(&received(&mut events).await), 1);
    assert!(setup.stored().await.record.is_some());
}

// FAULTS.md row 6
#[tokio::test(start_paused = true)]
async fn a_refusal_outlasts_a_store_that_is_down_for_a_while() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.revoke_grant();
    let mut events = cache.events();
    cache.token().await.unwrap();
    advance(20 * MINUTE).await;
    setup.store.fail(Op::ALL);
    for _ in 0..20 {
        assert!(cache.token().await.is_err());
        advance(MINUTE).await;
    }
    setup.store.recover();
    for _ in 0..20 {
        assert!(cache.token().await.is_err());
        advance(MINUTE).await;
    }
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(rejections(&received(&mut events).await), 1);
}

// FAULTS.md row 6
#[tokio::test(start_paused = true)]
async fn a_token_that_lost_the_race_is_tried_once_where_the_winner_is_refused() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    // 80 seconds of doubt are left, and less than the exchange's 120.
    advance(60 * MINUTE - Duration::from_secs(80)).await;
    let gate = setup.server.then_hold(When::AfterProcessing);
    setup.store.fail([Op::Renew]);
    let mut events = ours.events();
    ours.token().await.unwrap();
    gate.reached().await;
    // The server forks the grant, and forgets that fork later.
    let fork = r#"{"token":"acme-access-fork","refresh":"acme-refresh-fork","ttl":3600}"#;
    setup.server.then([Fault::ok(fork)]);
    theirs.token().await.unwrap();
    advance(Duration::from_secs(100)).await;
    assert_eq!(
        theirs.current().unwrap().access().expose(),
        "acme-access-fork"
    );
    gate.open();
    advance(SECOND).await;
    assert_eq!(
        ours.current().unwrap().access().expose(),
        "acme-access-fork"
    );
    assert!(
        received(&mut events)
            .await
            .iter()
            .any(|event| matches!(event, Event::Superseded { .. }))
    );
    setup.store.recover();
    advance(50 * MINUTE).await;
    ask(&ours).await;
    assert!(setup.server.accepts(ours.current().unwrap().access()));
    assert_eq!(
        setup.stored_generation().await,
        ours.current().unwrap().generation()
    );
}

#[tokio::test(start_paused = true)]
async fn a_redemption_replaces_a_rejected_grant() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.revoke_grant();
    cache.token().await.unwrap();
    advance(60 * MINUTE).await;
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let token = cache.redeem(setup.acme.redemption()).await.unwrap();
    assert_eq!(token.generation(), Generation::new(2));
    advance(50 * MINUTE).await;
    cache.token().await.unwrap();
    advance(MINUTE).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(3));
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_falls_back_to_the_repeatable_login_in_the_same_flight() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    advance(61 * MINUTE).await;
    setup.server.revoke_grant();
    let mut events = cache.events();
    assert!(setup.server.accepts(cache.token().await.unwrap().access()));
    assert_eq!(
        (setup.server.count("/refresh"), setup.server.count("/login")),
        (1, 2)
    );
    assert_eq!(rejections(&received(&mut events).await), 0);
}

// FAULTS.md row 43
#[tokio::test(start_paused = true)]
async fn a_refusal_that_kills_the_live_token_ends_its_serving_at_once() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.then_refuse("disabled");
    ask(&cache).await;
    assert!(cache.current().is_none());
    assert_eq!(cache.token().await.unwrap_err().code(), Some("disabled"));
}

// FAULTS.md row 43
#[tokio::test(start_paused = true)]
async fn a_young_token_is_not_refreshed_on_speculation() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    drop(cache.keep_fresh());
    for _ in 0..40 {
        cache.token().await.unwrap();
        advance(MINUTE).await;
    }
    assert_eq!(setup.server.requests().len(), 1);
}

// FAULTS.md row 35
#[tokio::test(start_paused = true)]
async fn a_late_401_for_an_older_generation_changes_nothing() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let first = (*cache.token().await.unwrap()).clone();
    cache.invalidate(&first);
    let second = cache.token().await.unwrap();
    assert_eq!(second.generation(), first.generation().next());
    cache.invalidate(&first);
    advance(MINUTE).await;
    assert!(cache.token().await.unwrap().same_secrets_as(&second));
    assert_eq!(setup.server.requests().len(), 2);
}

// FAULTS.md row 35
#[tokio::test(start_paused = true)]
async fn an_api_that_refuses_token_after_token_causes_no_loop() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    for _ in 0..600 {
        let token = cache.token().await.unwrap();
        cache.invalidate(&token);
        advance(SECOND).await;
    }
    let exchanges = setup.server.requests().len();
    assert!((5..=12).contains(&exchanges), "{exchanges}");
}

// FAULTS.md row 64
#[tokio::test(start_paused = true)]
async fn a_token_that_an_api_refused_is_not_handed_out_until_an_exchange_has_answered() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let token = (*cache.token().await.unwrap()).clone();
    setup.server.outage(Fault::status(503));
    cache.invalidate(&token);
    assert!(cache.current().is_none());
    let error = cache.token_within(IMPATIENT).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503);
    setup.server.outage(None);
    advance(MINUTE).await;
    assert!(!cache.token().await.unwrap().same_secrets_as(&token));
}

#[tokio::test(start_paused = true)]
async fn a_first_token_that_is_its_own_refresh_token_is_refreshed() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let now = token_core::Clock::now(&setup.clock).wall;
    let access = Secret::from(setup.server.current_refresh_token());
    let first = Token::builder(access, Validity::new(now, now.after(60 * MINUTE)))
        .build()
        .unwrap();
    let cache = setup.cache_with(|builder| builder.initial_token(first));
    cache.token().await.unwrap();
    assert!(setup.server.requests().is_empty());
    advance(50 * MINUTE).await;
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(1));
}
