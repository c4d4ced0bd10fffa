//! Callers that ask for more than any live token: one that lives for long enough, or another one.

use std::time::Duration;

use token_cache::{GrantState, TokenCache};
use token_core::{Error, ErrorKind, Generation, Rotation, Token};
use tokio::time::Instant;

use crate::acme::{Acme, FREEZE, Fault, IMPATIENT, Stage, World, pass};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

async fn ask_for(cache: &TokenCache, span: Duration) -> Result<Token, Error> {
    cache
        .token_valid_for(span)
        .await
        .map(|token| (*token).clone())
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn a_token_that_lives_long_enough_costs_no_exchange_and_another_costs_one() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    pass(10 * MINUTE).await;
    assert_eq!(
        ask_for(&cache, 50 * MINUTE).await.unwrap().generation(),
        Generation::new(1)
    );
    assert_eq!(world.server.arrived().len(), 1);
    let newer = ask_for(&cache, 50 * MINUTE + SECOND).await.unwrap();
    assert_eq!(newer.generation(), Generation::new(2));
    assert_eq!(world.server.arrived().len(), 2);
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn fifty_uploads_that_begin_together_share_one_exchange() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    world.server.latency(SECOND);
    pass(20 * MINUTE).await;
    let uploads: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { ask_for(&cache, 55 * MINUTE).await })
        })
        .collect();
    for upload in uploads {
        assert_eq!(
            upload.await.unwrap().unwrap().generation(),
            Generation::new(2)
        );
    }
    assert_eq!(world.server.arrived().len(), 2);
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn a_span_beyond_the_vendors_life_costs_one_exchange_at_most_and_names_both() {
    for age in [None, Some(MINUTE / 2), Some(20 * MINUTE)] {
        let world = World::of(Acme::single_use());
        let cache = world.owner();
        if let Some(age) = age {
            cache.token().await.unwrap();
            pass(age).await;
        }
        let before = world.server.arrived().len();
        let error = ask_for(&cache, 120 * MINUTE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains("3600 s") && text.contains("7200 s"), "{text}");
        assert!(world.server.arrived().len() <= before + 1, "{age:?}");
        assert!(
            cache.current().is_some(),
            "the token in hand is as good as before"
        );

        // Who asks again and again does not make an exchange each time.
        let before = world.server.arrived().len();
        for _ in 0..25 {
            assert!(ask_for(&cache, 120 * MINUTE).await.is_err());
            pass(SECOND).await;
        }
        assert_eq!(world.server.arrived().len(), before);
    }
}

// FAULTS.md row 112
#[tokio::test(start_paused = true)]
async fn a_vendor_that_fails_is_told_to_who_needs_the_longer_life_alone() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    pass(20 * MINUTE).await;
    world.server.outage(Fault::Answer(503, &[], "{}".into()));
    let error = ask_for(&cache, 50 * MINUTE).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503);
    assert!(ask_for(&cache, 30 * MINUTE).await.is_ok());
    assert!(cache.token().await.is_ok());
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_forced_refresh_is_paid_once_by_fifty_callers_and_not_by_late_ones() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let first = cache.token().await.unwrap().generation();
    world.server.latency(SECOND);
    let forced: Vec<_> = (0..50)
        .map(|index: u32| {
            let cache = cache.clone();
            tokio::spawn(async move {
                pass(SECOND * index / 50).await;
                cache
                    .refresh_if(first)
                    .await
                    .map(|token| token.generation())
            })
        })
        .collect();
    for one in forced {
        assert_eq!(one.await.unwrap().unwrap(), first.next());
    }
    let asked = Instant::now();
    assert_eq!(
        cache.refresh_if(first).await.unwrap().generation(),
        first.next()
    );
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert_eq!(world.server.arrived().len(), 2);
}

// FAULTS.md row 115
#[test]
fn a_forced_refresh_is_paid_once_by_fifty_threads() {
    for _ in 0..20 {
        let world = World::of(Acme::single_use());
        let cache = world.owner();
        let here = || {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
        };
        let first = here().block_on(cache.token()).unwrap().generation();
        std::thread::scope(|scope| {
            for _ in 0..50 {
                scope.spawn(|| {
                    let forced = async {
                        cache
                            .refresh_if(first)
                            .await
                            .map(|token| token.generation())
                    };
                    assert_eq!(here().block_on(forced).unwrap(), first.next());
                });
            }
        });
        assert_eq!(world.server.arrived().len(), 2);
    }
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_forced_refresh_keeps_the_pause_after_a_failure() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let first = cache.token().await.unwrap().generation();
    world
        .server
        .then([Fault::Answer(503, &[("retry-after", "60")], "{}".into())]);
    assert!(cache.refresh_if(first).await.is_err());
    for left in (1..=60).rev() {
        let error = cache.refresh_if(first).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(left * SECOND));
        assert_eq!(cache.token().await.unwrap().generation(), first);
        pass(SECOND).await;
    }
    assert_eq!(world.server.arrived().len(), 2);
    assert_eq!(
        cache.refresh_if(first).await.unwrap().generation(),
        first.next()
    );
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_vendor_that_repeats_its_token_is_not_asked_again_by_every_forced_refresh() {
    let world = World::of(Acme::by_login_alone());
    world.server.repeats_living_token();
    let cache = world.stranger();
    let first = cache.token().await.unwrap().generation();
    for _ in 0..50 {
        assert_eq!(cache.refresh_if(first).await.unwrap().generation(), first);
        pass(SECOND).await;
    }
    assert_eq!(world.server.arrived().len(), 2);
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_forgotten_rejection_is_tried_again_by_the_next_caller() {
    let world = World::of(Acme::single_use());
    world.server.then_refuse("invalid_grant");
    let cache = world.owner();
    for _ in 0..60 {
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
        pass(MINUTE).await;
    }
    assert_eq!(world.server.arrived().len(), 1);
    assert_eq!(
        cache.grant_state().await.unwrap(),
        GrantState::LoginRequired
    );
    cache.forget_rejection();
    assert!(cache.token().await.is_ok());
    assert_eq!(world.server.arrived().len(), 2);
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn to_forget_a_rejection_does_not_end_a_freeze() {
    let world = World::of(Acme::single_use());
    world.server.then_refuse("frozen");
    let cache = world.owner();
    assert!(cache.token_within(IMPATIENT).await.is_err());
    cache.forget_rejection();
    let error = cache.token_within(IMPATIENT).await.unwrap_err();
    assert!(error.retry_after().unwrap() > FREEZE - SECOND, "{error}");
    assert_eq!(world.server.arrived().len(), 1);
}

/// A vendor that kills the old access token at the exchange.
fn killing() -> World {
    let world = World::of(Acme::with(Rotation::Idempotent).and_ends_old_token());
    world.server.kills_old_access();
    world
}

// FAULTS.md row 71
#[tokio::test(start_paused = true)]
async fn callers_wait_for_the_exchange_that_ends_the_old_token() {
    for forced in [false, true] {
        let world = killing();
        let cache = world.owner();
        let first = cache.token().await.unwrap().generation();
        let gate = world.server.then_hold(Stage::AfterActing);
        let ask = |cache: &TokenCache| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.token().await.map(|token| token.access().clone()) })
        };
        let forcing = match forced {
            true => {
                let cache = cache.clone();
                tokio::spawn(async move { cache.refresh_if(first).await.map(drop) })
            }
            false => {
                pass(50 * MINUTE).await;
                tokio::spawn(async { Ok(()) })
            }
        };
        pass(SECOND / 100).await;
        let callers: Vec<_> = (0..50).map(|_| ask(&cache)).collect();
        gate.reached().await;
        pass(SECOND).await;
        let early = callers.iter().filter(|caller| caller.is_finished()).count();
        assert_eq!(
            early, 0,
            "nobody gets a token that is dead, forced: {forced}"
        );
        gate.open();
        for caller in callers {
            assert!(world.server.accepts(&caller.await.unwrap().unwrap()));
        }
        forcing.await.unwrap().unwrap();
        assert_eq!(world.server.arrived().len(), 2);
    }
}

// FAULTS.md row 71
#[tokio::test(start_paused = true)]
async fn an_exchange_that_fails_before_the_vendor_answered_gives_the_old_token_back() {
    let world = killing();
    let cache = world.owner();
    let first = cache.token().await.unwrap().generation();
    pass(50 * MINUTE).await;
    world.server.latency(SECOND);
    let unsent = Fault::Unsent(token_core::SendFailure::Connect);
    world.server.then([unsent.clone(), unsent]);
    let asked = Instant::now();
    let token = cache.token().await.unwrap();
    assert_eq!(token.generation(), first);
    assert!(world.server.accepts(token.access()));
    assert!(asked.elapsed() >= SECOND, "it waited for the exchange");
    // The pause is no exchange: the old token is served at once.
    let asked = Instant::now();
    assert_eq!(cache.token().await.unwrap().generation(), first);
    assert_eq!(asked.elapsed(), Duration::ZERO);
    pass(2 * SECOND).await;
    assert_eq!(cache.token().await.unwrap().generation(), first.next());
}
