//! Exchanges that fail: what is sent again, when, and what callers get meanwhile.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use token_cache::Event;
use token_core::{ErrorKind, Generation, HttpClient, Rotation, SendError, SendFailure};
use tokio::time::Instant;

use crate::acme::{
    Acme, FREEZE, Fault, IMPATIENT, MINUTE, SECOND, Setup, When, advance, ask, assert_events,
};

// FAULTS.md row 32
#[tokio::test(start_paused = true)]
async fn what_retry_after_asks_for_is_obeyed() {
    const SECONDS: &[(&str, &str)] = &[("retry-after", "120")];
    const DATE: &[(&str, &str)] = &[("retry-after", "Tue, 14 Nov 2023 22:15:20 GMT")];
    const ABSURD: &[(&str, &str)] = &[("retry-after", "99999999999")];
    for (status, headers, pause) in [
        (429, SECONDS, 120),
        (503, SECONDS, 120),
        (503, DATE, 120),
        (429, ABSURD, 3600),
    ] {
        let setup = Setup::new(Acme::single_use());
        setup
            .server
            .then([Fault::Answer(status, headers, "{}".into())]);
        let cache = setup.cache();
        let refused = cache.token_within(IMPATIENT).await.unwrap_err();
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(pause)));
        advance(Duration::from_secs(pause - 1)).await;
        let later = cache.token_within(IMPATIENT).await.unwrap_err();
        assert_eq!(later.retry_after(), Some(SECOND), "what is left");
        assert_eq!(setup.server.requests().len(), 1);
        advance(SECOND).await;
        assert!(cache.token().await.is_ok());
    }
}

// FAULTS.md row 34
#[tokio::test(start_paused = true)]
async fn a_request_is_sent_again_at_once_only_where_no_byte_left_or_the_vendor_does_not_mind() {
    let unsent = || Fault::Unsent(SendFailure::Connect);
    let lost = || Fault::Lost(When::BeforeProcessing);
    for (rotation, fault, requests) in [
        (Rotation::SingleUse, unsent(), 1),
        (Rotation::SingleUse, lost(), 1),
        (Rotation::Idempotent, unsent(), 1),
        (Rotation::Idempotent, lost(), 2),
        (Rotation::Grace(MINUTE), lost(), 2),
    ] {
        let setup = Setup::new(Acme::with(rotation));
        setup.server.then([fault.clone()]);
        let works = setup.cache().token_within(IMPATIENT).await.is_ok();
        let resent = !(rotation == Rotation::SingleUse && matches!(fault, Fault::Lost(_)));
        assert_eq!(
            (works, setup.server.requests().len()),
            (resent, requests),
            "{rotation:?} {fault:?}"
        );
    }
}

// FAULTS.md row 34
#[tokio::test(start_paused = true)]
async fn a_token_that_works_once_is_never_sent_twice_within_a_flight() {
    for fault in [
        Fault::Lost(When::BeforeProcessing),
        Fault::Lost(When::AfterProcessing),
        Fault::Cut,
    ] {
        let setup = Setup::new(Acme::single_use());
        setup.server.then([fault]);
        let error = setup.cache().token_within(IMPATIENT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InDoubt);
        advance(10 * MINUTE).await;
        assert_eq!(setup.server.requests().len(), 1);
        assert_eq!(setup.server.reused(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_whose_time_is_over_is_not_begun_again() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    setup.server.latency(5 * MINUTE);
    let cache = setup.cache();
    let began = Instant::now();
    let error = cache
        .token_within(MINUTE / 3 + IMPATIENT)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
    assert!((MINUTE / 3..MINUTE / 3 + SECOND).contains(&began.elapsed()));
    assert_eq!(setup.server.requests().len(), 1);
}

/// Waits for a connection until its time is over, and notices that as late as timers are exact.
#[derive(Debug)]
struct NeverConnects;

#[async_trait]
impl HttpClient for NeverConnects {
    async fn send(
        &self,
        _: Request<Bytes>,
        within: Duration,
    ) -> Result<Response<Bytes>, SendError> {
        advance(within + Duration::from_millis(1)).await;
        Err(SendError::before_sending(SendFailure::Timeout))
    }
}

// FAULTS.md row 47
#[tokio::test(start_paused = true)]
async fn a_client_says_itself_whether_anything_was_sent_before_its_time_was_over() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache_with(|builder| builder.http_client(NeverConnects));
    let error = cache.token_within(3 * MINUTE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient { after: None });
}

// FAULTS.md row 44
#[tokio::test(start_paused = true)]
async fn a_request_that_is_to_be_made_anew_has_a_strictly_later_timestamp_and_is_retried_once() {
    let setup = Setup::new(Acme::single_use());
    setup.server.then_refuse("duplicate");
    let cache = setup.cache();
    assert!(cache.token().await.is_ok());
    let requests = setup.server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].stamp > requests[0].stamp, "{requests:?}");

    advance(50 * MINUTE).await;
    setup.server.then_refuse("duplicate");
    setup.server.then_refuse("duplicate");
    ask(&cache).await;
    assert_eq!(setup.server.requests().len(), 4);
}

// FAULTS.md row 45
#[tokio::test(start_paused = true)]
async fn a_frozen_account_is_left_alone_until_it_is_released() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.due_cache().await;
    setup.server.then_refuse("frozen");
    let frozen_at = Instant::now();
    while frozen_at.elapsed() < FREEZE - MINUTE {
        _ = cache.token().await;
        advance(MINUTE / 6).await;
    }
    // What is left of it, so that nobody who obeys waits for longer than the freeze lasts.
    assert_eq!(
        cache.token().await.unwrap_err().kind(),
        ErrorKind::Locked { after: MINUTE }
    );
    assert_eq!(
        (setup.server.count("/refresh"), setup.server.count("/login")),
        (2, 0)
    );
    advance(2 * MINUTE).await;
    assert!(cache.token().await.is_ok());
}

// FAULTS.md row 45
#[tokio::test(start_paused = true)]
async fn a_failed_redemption_does_not_end_the_freeze() {
    let setup = Setup::new(Acme::single_use().and_login());
    setup.server.then_refuse("frozen");
    let cache = setup.empty_cache();
    assert!(cache.token().await.is_err());
    setup.server.then_refuse("busy");
    assert!(cache.redeem(setup.acme.redemption()).await.is_err());
    advance(FREEZE - MINUTE).await;
    assert!(cache.token().await.is_err());
    assert_eq!(setup.server.count("/login"), 1);
}

// FAULTS.md row 47
#[tokio::test(start_paused = true)]
async fn a_network_that_is_down_is_transient_in_clear_text_and_the_token_is_served() {
    for failure in [
        SendFailure::Resolve,
        SendFailure::Tls,
        SendFailure::Proxy,
        SendFailure::Connect,
    ] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        setup.server.outage(Fault::Unsent(failure));
        assert_eq!(ask(&cache).await, Generation::new(1));
        advance(10 * MINUTE).await;
        let error = cache.token().await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Transient { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("api.acme.example"), "{error}");
    }
}

// FAULTS.md row 48
#[tokio::test(start_paused = true)]
async fn a_hundred_callers_a_second_through_an_outage_cost_one_attempt_per_backoff_step() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.outage(Fault::status(503));
    let (began, before) = (Instant::now(), setup.server.requests().len());
    while began.elapsed() < 9 * MINUTE {
        for _ in 0..100 {
            let asked = Instant::now();
            cache.token().await.unwrap();
            assert_eq!(
                asked.elapsed(),
                Duration::ZERO,
                "a live token is served at once"
            );
        }
        advance(SECOND).await;
    }
    while began.elapsed() < 20 * MINUTE {
        _ = cache.token().await;
        advance(SECOND).await;
    }
    let gaps: Vec<_> = setup.server.requests()[before..]
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    // While a token lives the steps double; without one they are ten seconds at most. The token's
    // end cuts one of them short.
    let (mut longer, mut cut_short) = (0, 0);
    for (step, gap) in gaps.iter().enumerate() {
        let doubled = Duration::from_secs(300.min(1 << step.min(9)));
        let step = doubled.min(Duration::from_secs(10));
        cut_short += usize::from(*gap < step / 2);
        longer += usize::from(*gap > step);
    }
    assert!(cut_short <= 1, "{gaps:?}");
    assert!((5..=10).contains(&longer), "{gaps:?}");
    setup.server.outage(None);
    advance(MINUTE / 6).await;
    assert!(cache.token().await.is_ok());
}

// FAULTS.md row 34
#[tokio::test(start_paused = true)]
async fn a_doubt_is_not_forgotten_where_the_repetition_does_not_leave() {
    let setup = Setup::new(Acme::with(Rotation::Grace(MINUTE)));
    let cache = setup.due_cache().await;
    setup.server.then([
        Fault::Lost(When::BeforeProcessing),
        Fault::Unsent(SendFailure::Connect),
    ]);
    let mut events = cache.events();
    ask(&cache).await;
    assert_events!(events, [Event::Failed { error, .. }] if error.kind() == ErrorKind::InDoubt);
    assert!(setup.stored().await.intent.is_some(), "others are warned");
}
