//! Callers that ask for another token than the current one, or begin again after a refusal.

use std::time::Duration;

use token_cache::{GrantState, TokenCache};
use token_core::{ErrorKind, Rotation};
use tokio::time::Instant;

use crate::acme::{Acme, FREEZE, Fault, IMPATIENT, MINUTE, Op, SECOND, Setup, When, advance};

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_forced_refresh_is_paid_once_by_fifty_callers_and_not_by_late_ones() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let first = cache.token().await.unwrap().generation();
    setup.server.latency(SECOND);
    let forced: Vec<_> = (0..50)
        .map(|index: u32| {
            let cache = cache.clone();
            tokio::spawn(async move {
                advance(SECOND * index / 50).await;
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
    assert_eq!(setup.server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_forces_a_refresh_does_not_wait_until_the_store_takes_the_token() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let first = cache.token().await.unwrap().generation();
    setup.store.fail([Op::Commit]);
    let asking = tokio::spawn(async move {
        let asked = Instant::now();
        let forced = cache.refresh_if(first).await.unwrap();
        (forced.generation(), asked.elapsed())
    });
    assert_eq!(asking.await.unwrap(), (first.next(), Duration::ZERO));
}

// FAULTS.md row 115
#[test]
fn a_forced_refresh_is_paid_once_by_fifty_threads() {
    for _ in 0..20 {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.cache();
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
        assert_eq!(setup.server.requests().len(), 2);
    }
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_forced_refresh_keeps_the_pause_after_a_failure() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let first = cache.token().await.unwrap().generation();
    setup
        .server
        .then([Fault::Answer(503, &[("retry-after", "60")], "{}".into())]);
    assert!(cache.refresh_if(first).await.is_err());
    for left in (1..=60).rev() {
        let error = cache.refresh_if(first).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(left * SECOND));
        assert_eq!(cache.token().await.unwrap().generation(), first);
        advance(SECOND).await;
    }
    assert_eq!(setup.server.requests().len(), 2);
    assert_eq!(
        cache.refresh_if(first).await.unwrap().generation(),
        first.next()
    );
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_vendor_that_repeats_its_token_is_not_asked_again_by_every_forced_refresh() {
    let setup = Setup::new(Acme::by_login_alone());
    setup.server.repeats_live_token();
    let cache = setup.empty_cache();
    let first = cache.token().await.unwrap().generation();
    for _ in 0..50 {
        assert_eq!(cache.refresh_if(first).await.unwrap().generation(), first);
        advance(SECOND).await;
    }
    assert_eq!(setup.server.requests().len(), 2);
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn a_forgotten_rejection_is_tried_again_by_the_next_caller() {
    let setup = Setup::new(Acme::single_use());
    setup.server.then_refuse("invalid_grant");
    let cache = setup.cache();
    for _ in 0..60 {
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Rejected);
        advance(MINUTE).await;
    }
    assert_eq!(setup.server.requests().len(), 1);
    assert_eq!(
        cache.grant_state().await.unwrap(),
        GrantState::LoginRequired
    );
    cache.forget_rejection();
    assert!(cache.token().await.is_ok());
    assert_eq!(setup.server.requests().len(), 2);
}

// FAULTS.md row 115
#[tokio::test(start_paused = true)]
async fn to_forget_a_rejection_does_not_end_a_freeze() {
    let setup = Setup::new(Acme::single_use());
    setup.server.then_refuse("frozen");
    let cache = setup.cache();
    assert!(cache.token_within(IMPATIENT).await.is_err());
    cache.forget_rejection();
    let error = cache.token_within(IMPATIENT).await.unwrap_err();
    assert!(error.retry_after().unwrap() > FREEZE - SECOND, "{error}");
    assert_eq!(setup.server.requests().len(), 1);
}

/// A vendor that kills the old access token at the exchange.
fn killing() -> Setup {
    let setup = Setup::new(Acme::with(Rotation::Idempotent).and_ends_old_token());
    setup.server.kills_old_access();
    setup
}

// FAULTS.md row 71
#[tokio::test(start_paused = true)]
async fn callers_wait_for_the_exchange_that_ends_the_old_token() {
    for forced in [false, true] {
        let setup = killing();
        let cache = setup.cache();
        let first = cache.token().await.unwrap().generation();
        let gate = setup.server.then_hold(When::AfterProcessing);
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
                advance(50 * MINUTE).await;
                tokio::spawn(async { Ok(()) })
            }
        };
        advance(SECOND / 100).await;
        let callers: Vec<_> = (0..50).map(|_| ask(&cache)).collect();
        gate.reached().await;
        advance(SECOND).await;
        let early = callers.iter().filter(|caller| caller.is_finished()).count();
        assert_eq!(
            early, 0,
            "nobody gets a token that is dead, forced: {forced}"
        );
        gate.open();
        for caller in callers {
            assert!(setup.server.accepts(&caller.await.unwrap().unwrap()));
        }
        forcing.await.unwrap().unwrap();
        assert_eq!(setup.server.requests().len(), 2);
    }
}

// FAULTS.md row 71
#[tokio::test(start_paused = true)]
async fn an_exchange_that_fails_before_the_vendor_answered_gives_the_old_token_back() {
    let setup = killing();
    let cache = setup.cache();
    let first = cache.token().await.unwrap().generation();
    advance(50 * MINUTE).await;
    setup.server.latency(SECOND);
    let unsent = Fault::Unsent(token_core::SendFailure::Connect);
    setup.server.then([unsent.clone(), unsent]);
    let asked = Instant::now();
    let token = cache.token().await.unwrap();
    assert_eq!(token.generation(), first);
    assert!(setup.server.accepts(token.access()));
    assert!(asked.elapsed() >= SECOND, "it waited for the exchange");
    // The pause is no exchange: the old token is served at once.
    let asked = Instant::now();
    assert_eq!(cache.token().await.unwrap().generation(), first);
    assert_eq!(asked.elapsed(), Duration::ZERO);
    advance(2 * SECOND).await;
    assert_eq!(cache.token().await.unwrap().generation(), first.next());
}
