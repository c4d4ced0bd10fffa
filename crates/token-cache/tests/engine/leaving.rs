//! Beginning and ending a grant, and leaving a process or a runtime.

use std::time::Duration;

use token_cache::{Drained, Event, Origin};
use token_core::{Clock, ErrorKind, Generation, Secret, SendFailure, Token, Validity};

use crate::acme::{Acme, Fault, MINUTE, Setup, When, advance, received};

#[tokio::test(start_paused = true)]
async fn a_redemption_is_sent_exactly_once_whatever_comes_of_it() {
    let answer = |status, body: &str| Fault::answer(status, body);
    for fault in [
        Fault::Lost(When::BeforeProcessing),
        Fault::Lost(When::AfterProcessing),
        Fault::Cut,
        answer(400, r#"{"error":"duplicate"}"#),
        answer(400, r#"{"error":"invalid_grant"}"#),
        answer(503, "{}"),
        answer(200, "<html>"),
    ] {
        let setup = Setup::new(Acme::single_use());
        setup.server.then([fault.clone()]);
        let cache = setup.empty_cache();
        assert!(
            cache.redeem(setup.acme.redemption()).await.is_err(),
            "{fault:?}"
        );
        for _ in 0..30 {
            assert!(cache.token().await.is_err());
            advance(MINUTE).await;
        }
        assert_eq!(
            (setup.server.count("/redeem"), setup.server.requests().len()),
            (1, 1),
            "{fault:?}"
        );
    }
    let setup = Setup::new(Acme::single_use());
    setup.server.then([Fault::Unsent(SendFailure::Connect)]);
    assert!(
        setup
            .empty_cache()
            .redeem(setup.acme.redemption())
            .await
            .is_err()
    );
    assert!(setup.server.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_redemption_begins_a_grant_that_is_kept_and_refreshed() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.empty_cache();
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    let mut events = cache.events();
    cache.redeem(setup.acme.redemption()).await.unwrap();
    let received = received(&mut events).await;
    let origin = Origin::Redemption;
    assert!(
        matches!(received[..], [Event::Refreshed { origin: seen, .. }, Event::Persisted { .. }] if seen == origin),
        "{received:?}"
    );
    advance(50 * MINUTE).await;
    cache.token().await.unwrap();
    advance(MINUTE).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
}

#[tokio::test(start_paused = true)]
async fn an_adopted_token_is_kept_and_used_without_an_exchange_while_it_lives() {
    let setup = Setup::new(Acme::single_use());
    let now = setup.clock.now().wall;
    let validity = Validity::new(now, now.after(60 * MINUTE));
    let refresh = Secret::from(setup.server.current_refresh_token());
    let token = Token::builder(Secret::from("a-token-of-ones-own"), validity)
        .refresh(refresh)
        .build()
        .unwrap();
    let cache = setup.empty_cache();
    assert_eq!(
        cache.set_token(token).await.unwrap().access().expose(),
        "a-token-of-ones-own"
    );
    assert!(setup.server.requests().is_empty());
    assert_eq!(
        setup.empty_cache().token().await.unwrap().access().expose(),
        "a-token-of-ones-own"
    );
    advance(50 * MINUTE).await;
    cache.token().await.unwrap();
    advance(MINUTE).await;
    assert!(setup.server.accepts(cache.current().unwrap().access()));
}

#[tokio::test(start_paused = true)]
async fn an_adopted_refresh_token_is_refreshed_before_anything_is_handed_out() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.empty_cache();
    let token = cache.set_token(setup.server.grant()).await.unwrap();
    assert!(setup.server.accepts(token.access()));
    // A logout, and then a new grant.
    _ = cache.logout().await.unwrap();
    assert!(cache.token().await.is_err());
    cache.redeem(setup.acme.redemption()).await.unwrap();
    assert!(setup.server.accepts(cache.token().await.unwrap().access()));
    assert!(!setup.stored().await.tombstoned);
}

#[tokio::test(start_paused = true)]
async fn drain_reports_whether_an_exchange_is_in_flight() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    assert_eq!(cache.drain(Duration::ZERO).await, Drained::Settled);
    let gate = setup.server.then_hold(When::AfterProcessing);
    assert!(cache.token_within(Duration::ZERO).await.is_err());
    gate.reached().await;
    assert_eq!(cache.drain(MINUTE).await, Drained::Unsettled);
    gate.open();
    assert_eq!(cache.drain(MINUTE).await, Drained::Settled);
    assert!(setup.stored().await.record.is_some());
}

// FAULTS.md rows 3 and 10
#[tokio::test(start_paused = true)]
async fn a_cache_dropped_in_mid_exchange_leaks_no_task_and_loses_no_rotation() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let gate = setup.server.then_hold(When::AfterProcessing);
    assert!(cache.token_within(Duration::ZERO).await.is_err());
    gate.reached().await;
    let mut events = cache.events();
    drop(cache);
    gate.open();
    advance(MINUTE).await;
    assert_eq!(setup.stored_generation().await, Generation::new(1));
    while events.next().await.is_some() {}
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(tasks, 0);
}
