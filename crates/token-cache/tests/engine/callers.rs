//! Any number of callers: one exchange, which none of them can stop, and a live token for each.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use token_cache::{Drained, Event, Origin};
use token_core::reexports::http::{Request, StatusCode};
use token_core::{Attempt, ErrorKind, Generation, RefreshPolicy, Rotation, TokenEndpoint};

use crate::acme::{Acme, Ailment, Fault, Gate, Op, Stage, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn ten_thousand_concurrent_callers_share_one_exchange() {
    let world = World::of(Acme::single_use());
    world.server.latency(Duration::from_millis(300));
    let cache = world.owner();
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
    assert_eq!((tokens.len(), world.server.arrived().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_concurrent_callers_share_one_failure() {
    let world = World::of(Acme::single_use());
    world.server.latency(Duration::from_millis(300));
    world.server.then_refuse("busy");
    let cache = world.owner();
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
    assert_eq!(world.server.arrived().len(), 1);
}

// FAULTS.md row 3
#[tokio::test(start_paused = true)]
async fn a_callers_deadline_does_not_stop_the_exchange() {
    let world = World::of(Acme::single_use());
    let gate = world.server.then_hold(Stage::AfterActing);
    let cache = world.owner();
    let late = cache
        .token_within(Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Transient { after: None });
    gate.open();
    assert_eq!(
        cache.token().await.unwrap().generation(),
        Generation::new(1)
    );
    assert_eq!(
        (world.server.arrived().len(), world.server.reused()),
        (1, 0)
    );
}

// FAULTS.md row 3
#[tokio::test(start_paused = true)]
async fn a_caller_dropped_at_any_await_point_loses_no_rotation() {
    for polls in 0..40 {
        let world = World::of(Acme::single_use());
        world.server.latency(Duration::from_millis(5));
        let cache = world.owner();
        poll_and_drop(cache.token(), polls).await;
        drop(cache);
        // Whatever was begun is finished and kept, and the next process goes on from there.
        pass(MINUTE).await;
        let (next, _) = world.other();
        let token = next.token().await.unwrap();
        assert_eq!(world.server.reused(), 0, "dropped after {polls} polls");
        assert!(world.server.accepts(token.access()));
        assert_eq!(
            token.refresh().unwrap().expose(),
            world.server.living_refresh()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_redemption_dropped_at_any_await_point_is_sent_once_at_most_and_kept() {
    for polls in 0..40 {
        let world = World::of(Acme::single_use());
        world.server.latency(Duration::from_millis(5));
        let cache = world.stranger();
        poll_and_drop(cache.redeem(world.acme.redemption()), polls).await;
        drop(cache);
        pass(MINUTE).await;
        let sent = world.server.count("/redeem");
        assert!(sent <= 1, "dropped after {polls} polls");
        assert_eq!(
            world.kept().await.record.is_some(),
            sent == 1,
            "dropped after {polls} polls"
        );
    }
}

/// Polls it so often, lets time pass between, and drops it.
async fn poll_and_drop<T>(future: impl Future<Output = T>, polls: usize) {
    let mut future = pin!(future);
    for _ in 0..polls {
        if future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
        {
            return;
        }
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_is_ready_at_the_first_poll() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    cache.token().await.unwrap();
    let mut asking = pin!(cache.token());
    assert!(
        asking
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
}

#[tokio::test(start_paused = true)]
async fn a_due_token_is_given_at_once_while_one_exchange_runs() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let first = cache.token().await.unwrap().generation();
    pass(50 * MINUTE).await;
    let gate = world.server.then_hold(Stage::BeforeActing);
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
    assert_eq!(world.server.arrived().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_closing_token_is_waited_for_and_given_if_the_exchange_fails() {
    let world = World::of(Acme::with(Rotation::Idempotent));
    let cache = world.owner();
    let first = cache.token().await.unwrap().access().clone();
    pass(60 * MINUTE - Duration::from_secs(20)).await;
    world.server.latency(Duration::from_secs(5));
    world.server.then_refuse("busy");
    let asked = tokio::time::Instant::now();
    assert!(cache.token().await.unwrap().access().same_as(&first));
    assert_eq!(asked.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_never_handed_out() {
    let world = World::of(Acme::with(Rotation::Idempotent));
    let cache = world.owner();
    cache.token().await.unwrap();
    world.server.outage(Fault::Lost(Stage::BeforeActing));
    pass(60 * MINUTE).await;
    assert!(cache.current().is_none());
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::InDoubt);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_authorized_with_a_live_token() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let mut request = Request::new(()).into_parts().0;
    let token = cache.authorize(&mut request, b"").await.unwrap();
    assert_eq!(
        request.headers["authorization"],
        format!("Bearer {}", token.access().expose())
    );
    assert_eq!(request.headers["x-at"].to_str().unwrap().len(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_question_about_a_token_is_asked_once() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let token = (*cache.token().await.unwrap()).clone();
    let acme = world.acme.clone();
    let build = |attempt: &Attempt| acme.revoke(&token, attempt).unwrap();
    let status = cache
        .send_request(build, |answer| Ok(answer.status()))
        .await
        .unwrap();
    assert_eq!((status, world.server.count("/revoke")), (StatusCode::OK, 1));
}

#[tokio::test(start_paused = true)]
async fn events_come_in_the_order_of_what_happened() {
    let world = World::of(Acme::single_use());
    let cache = world.owner();
    let mut events = cache.events();
    cache.token().await.unwrap();
    pass(50 * MINUTE).await;
    world.server.then_refuse("busy");
    cache.token().await.unwrap();
    pass(MINUTE).await;
    cache.token().await.unwrap();
    pass(MINUTE).await;
    let told = told(&mut events).await;
    assert!(
        matches!(
            told.as_slice(),
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
        ),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn windows_of_ones_own_are_kept() {
    let world = World::of(Acme::single_use());
    let windows = RefreshPolicy::default()
        .refreshed_in_the_last(900)
        .spread_over(0);
    let cache = world
        .process(&world.store)
        .initial_token(world.server.grant())
        .refresh_policy(windows)
        .build()
        .unwrap();
    cache.token().await.unwrap();
    pass(7 * MINUTE).await;
    cache.token().await.unwrap();
    pass(MINUTE).await;
    assert_eq!(world.server.arrived().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_while_its_flight_still_gives_the_lease_back_is_followed_by_another()
 {
    let world = World::of(Acme::single_use());
    let gate = Gate::closed();
    world
        .store
        .ails([Op::Release], &Ailment::Late(gate.clone()));
    let cache = world.owner();
    let refused = (*cache.token().await.unwrap()).clone();
    gate.reached().await;
    cache.invalidate(&refused);
    let asking = tokio::spawn(async move { cache.token().await.map(|token| token.generation()) });
    pass(Duration::from_secs(1)).await;
    world.store.heals();
    gate.open();
    assert_eq!(asking.await.unwrap().unwrap(), refused.generation().next());
}
