//! Codes and passwords: a failed redemption ends nothing, and one need not wait for a refresh that
//! waits.

use std::time::Duration;

use token_cache::{Event, TokenCache};
use token_core::{ErrorKind, Generation, Rotation};
use tokio::time::Instant;

use crate::acme::{
    Acme, FREEZE, Fault, MINUTE, SECOND, Setup, advance, ask, received, spawn_token,
};

/// A process whose refresh waits, because another process may have spent the refresh token.
async fn waiting_for_another_owner(setup: &Setup, age: Duration) -> TokenCache {
    let cache = setup.fresh_cache().await;
    advance(age).await;
    setup.leave_foreign_intent().await;
    _ = cache.token_within(SECOND).await;
    advance(SECOND).await;
    assert_eq!(setup.server.count("/refresh"), 1, "the refresh waits");
    cache
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_code_is_redeemed_at_once_though_a_refresh_waits_for_another_owner() {
    for age in [50 * MINUTE, 60 * MINUTE] {
        let setup = Setup::new(Acme::single_use());
        let cache = waiting_for_another_owner(&setup, age).await;
        let asked = Instant::now();
        let waiter = spawn_token(&cache);
        let token = cache.redeem(setup.acme.redemption()).await.unwrap();
        assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
        assert!(setup.server.accepts(token.access()));
        assert!(waiter.await.unwrap().is_ok());
        assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
        assert_eq!(setup.server.count("/refresh"), 1);
        assert!(setup.stored().await.intent.is_none());
    }
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_code_that_is_refused_does_not_end_the_wait_for_another_owner() {
    let setup = Setup::new(Acme::single_use());
    let cache = waiting_for_another_owner(&setup, 50 * MINUTE).await;
    for _ in 0..2 {
        setup.server.then_refuse("invalid_grant");
        let asked = Instant::now();
        let refused = cache.redeem(setup.acme.redemption()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Rejected);
        assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
        advance(10 * SECOND).await;
    }
    assert!(cache.token().await.is_ok(), "the grant is as it was");
    advance(4 * MINUTE).await;
    assert_eq!(setup.server.count("/refresh"), 1, "the refresh still waits");
    advance(2 * MINUTE).await;
    assert_eq!(setup.server.count("/refresh"), 2);
}

/// A new refresh token is spent next, though the redemption that brought it is an error.
// FAULTS.md row 49
#[tokio::test(start_paused = true)]
async fn a_code_that_brings_a_refresh_token_alone_ends_the_wait_for_another_owner() {
    let setup = Setup::new(Acme::single_use());
    let cache = waiting_for_another_owner(&setup, 50 * MINUTE).await;
    setup.server.then([
        Fault::ok(r#"{"refresh":"alone-2"}"#),
        Fault::answer(200, r#"{"token":"A3","refresh":"R3","ttl":3600}"#),
    ]);
    assert!(cache.redeem(setup.acme.redemption()).await.is_err());
    advance(SECOND).await;
    _ = cache.token().await.unwrap();
    advance(SECOND).await;
    assert_eq!(cache.token().await.unwrap().access().expose(), "A3");
    let last = setup.server.requests().pop().unwrap();
    assert_eq!(last.presented, "alone-2");
    assert_eq!(setup.server.count("/refresh"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_redemption_whose_caller_goes_away_before_it_begins_is_not_made() {
    let setup = Setup::new(Acme::with(Rotation::Grace(MINUTE)));
    let cache = setup.due_cache().await;
    setup.server.latency(10 * SECOND);
    ask(&cache).await;
    let redeeming = cache.redeem(setup.acme.redemption());
    assert!(tokio::time::timeout(SECOND, redeeming).await.is_err());
    advance(MINUTE).await;
    assert_eq!(
        (
            setup.server.count("/refresh"),
            setup.server.count("/redeem")
        ),
        (2, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_redemption_waits_for_an_exchange_that_is_under_way() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.latency(10 * SECOND);
    ask(&cache).await;
    let asked = Instant::now();
    let token = cache.redeem(setup.acme.redemption()).await.unwrap();
    assert_eq!(asked.elapsed(), 19 * SECOND);
    assert!(setup.server.accepts(token.access()));
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_failed_redemption_leaves_the_healthy_grant_alone() {
    for code in ["invalid_grant", "frozen", "wrong_client", "busy", "E17"] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.fresh_cache().await;
        let mut events = cache.events();
        setup.server.then_refuse(code);
        let error = cache.redeem(setup.acme.redemption()).await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        advance(50 * MINUTE).await;
        ask(&cache).await;
        assert_eq!(
            cache.current().unwrap().generation(),
            Generation::new(2),
            "{code}"
        );
        assert!(setup.stored().await.intent.is_none(), "{code}");
        let received = received(&mut events).await;
        let is_verdict =
            |event: &Event| matches!(event, Event::Rejected { .. } | Event::Failed { .. });
        assert!(!received.iter().any(is_verdict), "{code} {received:?}");
    }
}

// FAULTS.md row 57
#[tokio::test(start_paused = true)]
async fn a_locked_redemption_does_not_hold_off_a_login_of_the_grant_in_hand() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.empty_cache();
    setup.server.then_refuse("frozen");
    let error = cache.redeem(setup.acme.redemption()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked { after: FREEZE });
    assert!(cache.token().await.is_ok());
}

// FAULTS.md rows 2 and 57
#[tokio::test(start_paused = true)]
async fn a_failed_redemption_leaves_the_doubt_of_another_owner_as_it_was() {
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    advance(46 * MINUTE).await;
    setup.leave_foreign_intent().await;
    setup.server.then_refuse("invalid_grant");
    assert!(ours.redeem(setup.acme.redemption()).await.is_err());
    for cache in [&ours, &theirs] {
        cache.token().await.unwrap();
    }
    advance(4 * MINUTE).await;
    for cache in [&ours, &theirs] {
        cache.token().await.unwrap();
    }
    assert_eq!(
        setup.server.count("/refresh"),
        1,
        "the other may still bring its token"
    );
    advance(2 * MINUTE).await;
    assert_eq!(setup.server.count("/refresh"), 2);
}
