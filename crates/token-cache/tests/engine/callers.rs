//! Any number of callers share one exchange.

use std::time::Duration;

use token_cache::{Drained, Event, Origin};
use token_core::reexports::http::{Request, StatusCode};
use token_core::{ApiBody, Attempt, ErrorKind, RefreshPolicy, Rotation, TokenEndpoint};

use crate::acme::{
    Acme, Fault, MINUTE, Op, SECOND, Setup, When, advance, assert_events, spawn_token,
};

#[tokio::test(start_paused = true)]
async fn ten_thousand_concurrent_callers_share_one_exchange() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_millis(300));
    let cache = setup.cache();
    let callers: Vec<_> = (0..10_000)
        .map(|_| {
            tokio::spawn({
                let cache = cache.clone();
                async move {
                    cache
                        .token()
                        .await
                        .map(|token| token.access().expose().to_owned())
                }
            })
        })
        .collect();
    let mut tokens = Vec::new();
    for caller in callers {
        tokens.push(caller.await.unwrap().unwrap());
    }
    tokens.dedup();
    assert_eq!((tokens.len(), setup.server.requests().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_concurrent_callers_share_one_failure() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_millis(300));
    setup.server.then_refuse("busy");
    let cache = setup.cache();
    let callers: Vec<_> = (0..10_000)
        .map(|_| {
            tokio::spawn({
                let cache = cache.clone();
                async move {
                    cache
                        .token_within(Duration::from_millis(700))
                        .await
                        .map(drop)
                }
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap_err().code(), Some("busy"));
    }
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_due_token_is_given_at_once_while_one_exchange_runs() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let first = cache.token().await.unwrap().generation();
    advance(50 * MINUTE).await;
    let gate = setup.server.then_hold(When::BeforeProcessing);
    for _ in 0..100 {
        assert_eq!(
            cache
                .token_within(Duration::ZERO)
                .await
                .unwrap()
                .generation(),
            first
        );
        tokio::task::yield_now().await;
    }
    gate.reached().await;
    gate.open();
    assert_eq!(cache.drain(MINUTE).await, Drained::Settled);
    assert_eq!(cache.current().unwrap().generation(), first.next());
    assert_eq!(setup.server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_closing_token_is_waited_for_and_given_if_the_exchange_fails() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    let first = cache.token().await.unwrap().access().clone();
    advance(60 * MINUTE - Duration::from_secs(20)).await;
    setup.server.latency(Duration::from_secs(5));
    setup.server.then_refuse("busy");
    let asked = tokio::time::Instant::now();
    assert!(cache.token().await.unwrap().access().same_as(&first));
    assert_eq!(asked.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_never_handed_out() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.fresh_cache().await;
    setup.server.outage(Fault::Lost(When::BeforeProcessing));
    advance(60 * MINUTE).await;
    assert!(cache.current().is_none());
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::InDoubt);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_authorized_with_a_live_token() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let mut request = Request::get("https://api.acme.example/v1/things")
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let token = cache
        .authorize(&mut request, &mut ApiBody::of(b""))
        .await
        .unwrap();
    assert_eq!(
        request.headers["authorization"],
        format!("Bearer {}", token.access().expose())
    );
    assert_eq!(request.headers["x-at"].to_str().unwrap().len(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_request_about_a_token_is_sent_once() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let token = (*cache.token().await.unwrap()).clone();
    let acme = setup.acme.clone();
    let build = |attempt: &Attempt| acme.revoke(&token, attempt).unwrap();
    let status = cache
        .send_request(build, |answer| Ok(answer.status()))
        .await
        .unwrap();
    assert_eq!((status, setup.server.count("/revoke")), (StatusCode::OK, 1));
}

#[tokio::test(start_paused = true)]
async fn events_come_in_the_order_of_what_happened() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let mut events = cache.events();
    cache.token().await.unwrap();
    advance(50 * MINUTE).await;
    setup.server.then_refuse("busy");
    cache.token().await.unwrap();
    advance(MINUTE).await;
    cache.token().await.unwrap();
    advance(MINUTE).await;
    assert_events!(
        events,
        [
            Event::Refreshed {
                origin: Origin::Refresh,
                ..
            },
            Event::Persisted { .. },
            Event::Failed { .. },
            Event::Refreshed { .. },
            Event::Persisted { .. },
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refresh_policy_is_obeyed() {
    let setup = Setup::new(Acme::single_use());
    let windows = RefreshPolicy::default()
        .refreshed_in_the_last(900)
        .spread_over(0);
    let cache = setup.cache_with(|builder| builder.refresh_policy(windows));
    cache.token().await.unwrap();
    advance(7 * MINUTE).await;
    cache.token().await.unwrap();
    advance(MINUTE).await;
    assert_eq!(setup.server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_while_its_flight_still_gives_the_lease_back_is_followed_by_another()
 {
    let setup = Setup::new(Acme::single_use());
    let gate = setup.store.hold_answer(Op::Release);
    let cache = setup.cache();
    let refused = (*cache.token().await.unwrap()).clone();
    gate.reached().await;
    cache.invalidate(&refused);
    let asking = spawn_token(&cache);
    advance(SECOND).await;
    setup.store.recover();
    gate.open();
    assert_eq!(asking.await.unwrap().unwrap(), refused.generation().next());
}
