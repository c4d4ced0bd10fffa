//! Answers that are odd: what is read from them, and what callers get meanwhile.

use std::time::Duration;

use token_cache::Event;
use token_core::{ErrorKind, Generation, Rotation};
use tokio::time::Instant;

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, SECOND, Setup, advance, ask, assert_events};

const HTML: &str = "<!doctype html><title>Welcome to our hotel</title>";

// FAULTS.md row 12
#[tokio::test(start_paused = true)]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.then([Fault::NoRefresh]);
    ask(&cache).await;
    let token = cache.current().unwrap();
    assert_eq!(token.generation(), Generation::new(2));
    assert_eq!(
        token.refresh().unwrap().expose(),
        setup.server.current_refresh_token()
    );
    advance(50 * MINUTE).await;
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(3));
}

// FAULTS.md row 13
#[tokio::test(start_paused = true)]
async fn the_same_token_again_is_accepted_without_a_longer_life_and_without_a_loop() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.due_cache().await;
    let before = (*cache.current().unwrap()).clone();
    setup.server.outage(Fault::Same);
    let asked = setup.server.requests().len();
    for _ in 0..9 * 60 {
        assert!(
            cache
                .token()
                .await
                .unwrap()
                .access()
                .same_as(before.access())
        );
        advance(SECOND).await;
    }
    let again = cache.current().unwrap();
    assert_eq!(
        again.validity().expires_at(),
        before.validity().expires_at()
    );
    assert_eq!(again.generation(), before.generation());
    let exchanges = setup.server.requests().len() - asked;
    assert!((1..=12).contains(&exchanges), "{exchanges}");
}

// FAULTS.md row 13
#[tokio::test(start_paused = true)]
async fn a_login_that_brings_the_same_token_does_not_lengthen_its_life() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    advance(50 * MINUTE).await;
    let expires_at = cache.current().unwrap().validity().expires_at();
    setup.server.then_refuse("invalid_grant");
    setup.server.then([Fault::Same]);
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().validity().expires_at(), expires_at);
}

// FAULTS.md row 14
#[tokio::test(start_paused = true)]
async fn tokens_that_are_expired_on_arrival_are_not_asked_for_without_a_pause() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    setup.server.life(SECOND);
    setup.server.latency(Duration::from_secs(2));
    let cache = setup.cache();
    let until = Instant::now() + 10 * MINUTE;
    while Instant::now() < until {
        assert!(cache.token().await.is_err());
        advance(Duration::from_millis(100)).await;
    }
    let exchanges = setup.server.requests().len();
    assert!(
        (40..=80).contains(&exchanges),
        "at most one every ten seconds: {exchanges}"
    );
}

// FAULTS.md row 14
#[tokio::test(start_paused = true)]
async fn tokens_that_live_a_second_are_asked_for_about_once_a_second() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    setup.server.life(SECOND);
    let cache = setup.cache();
    for _ in 0..600 {
        assert!(setup.server.accepts(cache.token().await.unwrap().access()));
        advance(Duration::from_millis(100)).await;
    }
    let exchanges = setup.server.requests().len();
    assert!((50..=90).contains(&exchanges), "{exchanges}");
}

// FAULTS.md row 21
#[tokio::test(start_paused = true)]
async fn a_failing_code_in_a_success_takes_no_live_token_away() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let mut events = cache.events();
    setup.server.then([Fault::ok(r#"{"error":"E17"}"#)]);
    assert_eq!(ask(&cache).await, Generation::new(1));
    assert_events!(events, [Event::Failed { error, .. }] if error.code() == Some("E17"));
    assert_eq!(ask(&cache).await, Generation::new(1));
    advance(MINUTE).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
}

// FAULTS.md row 22
#[tokio::test(start_paused = true)]
async fn a_web_page_instead_of_an_answer_is_retried_and_the_token_kept() {
    let setup = Setup::new(Acme::with(Rotation::Grace(MINUTE)));
    let cache = setup.due_cache().await;
    setup.server.then([Fault::ok(HTML)]);
    assert_eq!(ask(&cache).await, Generation::new(1));
    advance(5 * SECOND).await;
    ask(&cache).await;
    assert_eq!(cache.current().unwrap().generation(), Generation::new(2));
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 25
#[tokio::test(start_paused = true)]
async fn a_success_that_is_cut_short_is_in_doubt_and_sent_again_only_within_the_grace() {
    for (acme, sent) in [
        (Acme::with(Rotation::Grace(MINUTE)), 3),
        (Acme::single_use(), 2),
    ] {
        let setup = Setup::new(acme);
        let cache = setup.due_cache().await;
        setup.server.then([Fault::Cut]);
        ask(&cache).await;
        assert_eq!(setup.server.requests().len(), sent);
        assert_eq!(
            cache.current().unwrap().generation().number(),
            if sent == 3 { 2 } else { 1 }
        );
    }
}

// FAULTS.md row 33
#[tokio::test(start_paused = true)]
async fn a_400_that_means_retry_is_not_the_end_of_the_grant() {
    let setup = Setup::new(Acme::single_use());
    setup.server.then_refuse("busy");
    let cache = setup.cache();
    let error = cache.token_within(IMPATIENT).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Transient { .. }),
        "{error}"
    );
    advance(2 * SECOND).await;
    assert!(cache.token().await.is_ok());
}
