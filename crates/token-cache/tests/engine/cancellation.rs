//! Callers whose time is over, or who go away: the exchange goes on.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use token_core::{ErrorKind, Generation};
use tokio::time::Instant;

use crate::acme::{Acme, MINUTE, Setup, When, advance, token_generation};

// FAULTS.md row 3
#[tokio::test(start_paused = true)]
async fn a_callers_deadline_does_not_stop_the_exchange() {
    let setup = Setup::new(Acme::single_use());
    let gate = setup.server.then_hold(When::AfterProcessing);
    let cache = setup.cache();
    let late = cache
        .token_within(Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Transient { after: None });
    gate.open();
    assert_eq!(token_generation(&cache).await, Generation::new(1));
    assert_eq!(setup.server.requests().len(), 1);
    assert_eq!(setup.server.reused(), 0);
}

// FAULTS.md row 3
#[tokio::test(start_paused = true)]
async fn a_caller_dropped_at_any_await_point_loses_no_rotation() {
    drop_at_any_await_point().await;
}

// FAULTS.md row 3
#[tokio::test(start_paused = true)]
async fn a_caller_in_a_task_of_the_flights_runtime_loses_no_rotation_either() {
    tokio::spawn(drop_at_any_await_point()).await.unwrap();
}

// FAULTS.md row 3
#[tokio::test(start_paused = true)]
async fn a_caller_in_a_task_that_is_no_longer_polled_holds_up_nobody() {
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(Duration::from_millis(5));
    let cache = setup.cache();
    let asking = tokio::spawn(async move {
        let mut first = pin!(cache.token());
        let polled = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let begun = Instant::now();
        cache.token().await.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(200));
    });
    asking.await.unwrap();
    assert_eq!(setup.server.requests().len(), 1);
}

async fn drop_at_any_await_point() {
    for polls in 0..40 {
        let setup = Setup::new(Acme::single_use());
        setup.server.latency(Duration::from_millis(5));
        let cache = setup.cache();
        poll_and_drop(cache.token(), polls).await;
        drop(cache);
        // Whatever was begun is finished and kept, and the next process goes on from there.
        advance(MINUTE).await;
        let (next, _) = setup.other_process();
        let token = next.token().await.unwrap();
        assert_eq!(setup.server.reused(), 0, "dropped after {polls} polls");
        assert!(setup.server.accepts(token.access()));
        assert_eq!(
            token.refresh().unwrap().expose(),
            setup.server.current_refresh_token()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_redemption_dropped_at_any_await_point_is_sent_once_at_most_and_kept() {
    for polls in 0..40 {
        let setup = Setup::new(Acme::single_use());
        setup.server.latency(Duration::from_millis(5));
        let cache = setup.empty_cache();
        poll_and_drop(cache.redeem(setup.acme.redemption()), polls).await;
        drop(cache);
        advance(MINUTE).await;
        let sent = setup.server.count("/redeem");
        assert!(sent <= 1, "dropped after {polls} polls");
        assert_eq!(
            setup.stored().await.record.is_some(),
            sent == 1,
            "dropped after {polls} polls"
        );
    }
}

/// Polls the future this many times, with time passing in between, and drops it.
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
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let mut asking = pin!(cache.token());
    assert!(
        asking
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
}
