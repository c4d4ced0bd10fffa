//! Exchanges that fail: what is sent again, when, and what callers get meanwhile.

use std::time::Duration;

use token_cache::{Event, TokenCache};
use token_core::{ErrorKind, Generation, Rotation, SendFailure};
use tokio::time::Instant;

use crate::acme::{Acme, FREEZE, Fault, IMPATIENT, Stage, World, pass, told};

const MINUTE: Duration = Duration::from_secs(60);

/// A caller comes, and the flight that it begins ends.
async fn ask(cache: &TokenCache) -> Generation {
    let generation = cache.token().await.unwrap().generation();
    pass(MINUTE / 60).await;
    generation
}

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
        let world = World::of(Acme::single_use());
        world
            .server
            .then([Fault::Answer(status, headers, "{}".into())]);
        let cache = world.owner();
        let refused = cache.token_within(IMPATIENT).await.unwrap_err();
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(pause)));
        pass(Duration::from_secs(pause - 1)).await;
        let later = cache.token_within(IMPATIENT).await.unwrap_err();
        assert_eq!(
            later.retry_after(),
            Some(Duration::from_secs(1)),
            "what is left"
        );
        assert_eq!(world.server.arrived().len(), 1);
        pass(Duration::from_secs(1)).await;
        assert!(cache.token().await.is_ok());
    }
}

// FAULTS.md row 34
#[tokio::test(start_paused = true)]
async fn a_request_is_sent_again_at_once_only_where_no_byte_left_or_the_vendor_does_not_mind() {
    let unsent = || Fault::Unsent(SendFailure::Connect);
    let lost = || Fault::Lost(Stage::BeforeActing);
    for (rotation, fault, arrived) in [
        (Rotation::SingleUse, unsent(), 1),
        (Rotation::SingleUse, lost(), 1),
        (Rotation::Idempotent, unsent(), 1),
        (Rotation::Idempotent, lost(), 2),
        (Rotation::Grace(MINUTE), lost(), 2),
    ] {
        let world = World::of(Acme::with(rotation));
        world.server.then([fault.clone()]);
        let works = world.owner().token_within(IMPATIENT).await.is_ok();
        let resent = !(rotation == Rotation::SingleUse && matches!(fault, Fault::Lost(_)));
        assert_eq!(
            (works, world.server.arrived().len()),
            (resent, arrived),
            "{rotation:?} {fault:?}"
        );
    }
}

// FAULTS.md row 34
#[tokio::test(start_paused = true)]
async fn a_token_that_works_once_is_never_sent_twice_within_a_flight() {
    for fault in [
        Fault::Lost(Stage::BeforeActing),
        Fault::Lost(Stage::AfterActing),
        Fault::Cut,
    ] {
        let world = World::of(Acme::single_use());
        world.server.then([fault]);
        let error = world.owner().token_within(IMPATIENT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InDoubt);
        pass(10 * MINUTE).await;
        assert_eq!(
            (world.server.arrived().len(), world.server.reused()),
            (1, 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_whose_time_is_over_is_not_begun_again() {
    let world = World::of(Acme::with(Rotation::Idempotent));
    world.server.latency(5 * MINUTE);
    let cache = world.owner();
    let began = Instant::now();
    let error = cache
        .token_within(MINUTE / 3 + IMPATIENT)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
    assert_eq!(began.elapsed(), MINUTE / 3);
    assert_eq!(world.server.arrived().len(), 1);
}

// FAULTS.md row 44
#[tokio::test(start_paused = true)]
async fn a_request_that_is_to_be_made_anew_has_a_strictly_later_timestamp_and_is_retried_once() {
    let world = World::of(Acme::single_use());
    world.server.then_refuse("duplicate");
    let cache = world.owner();
    assert!(cache.token().await.is_ok());
    let arrived = world.server.arrived();
    assert_eq!(arrived.len(), 2);
    assert!(arrived[1].stamp > arrived[0].stamp, "{arrived:?}");

    pass(50 * MINUTE).await;
    world.server.then_refuse("duplicate");
    world.server.then_refuse("duplicate");
    ask(&cache).await;
    assert_eq!(world.server.arrived().len(), 4);
}

// FAULTS.md row 45
#[tokio::test(start_paused = true)]
async fn a_frozen_account_is_left_alone_until_it_is_released() {
    let world = World::of(Acme::single_use().and_login());
    let cache = world.due_owner().await;
    world.server.then_refuse("frozen");
    let frozen_at = Instant::now();
    while frozen_at.elapsed() < FREEZE - MINUTE {
        _ = cache.token().await;
        pass(MINUTE / 6).await;
    }
    // What is left of it, so that nobody who obeys waits for longer than the freeze lasts.
    assert_eq!(
        cache.token().await.unwrap_err().kind(),
        ErrorKind::Locked { after: MINUTE }
    );
    assert_eq!(
        (world.server.count("/refresh"), world.server.count("/login")),
        (2, 0)
    );
    pass(2 * MINUTE).await;
    assert!(cache.token().await.is_ok());
}

// FAULTS.md row 45
#[tokio::test(start_paused = true)]
async fn a_person_who_fails_meanwhile_does_not_end_the_freeze() {
    let world = World::of(Acme::single_use().and_login());
    world.server.then_refuse("frozen");
    let cache = world.stranger();
    assert!(cache.token().await.is_err());
    world.server.then_refuse("busy");
    assert!(cache.redeem(world.acme.redemption()).await.is_err());
    pass(FREEZE - MINUTE).await;
    assert!(cache.token().await.is_err());
    assert_eq!(world.server.count("/login"), 1);
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
        let world = World::of(Acme::single_use());
        let cache = world.due_owner().await;
        world.server.outage(Fault::Unsent(failure));
        assert_eq!(ask(&cache).await, Generation::new(1));
        pass(10 * MINUTE).await;
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
    let world = World::of(Acme::single_use());
    let cache = world.due_owner().await;
    world.server.outage(Fault::Answer(503, &[], "{}".into()));
    let (began, before) = (Instant::now(), world.server.arrived().len());
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
        pass(MINUTE / 60).await;
    }
    while began.elapsed() < 20 * MINUTE {
        _ = cache.token().await;
        pass(MINUTE / 60).await;
    }
    let gaps: Vec<_> = world.server.arrived()[before..]
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
    world.server.outage(None);
    pass(MINUTE / 6).await;
    assert!(cache.token().await.is_ok());
}

// FAULTS.md row 34
#[tokio::test(start_paused = true)]
async fn a_doubt_is_not_forgotten_where_the_repetition_does_not_leave() {
    let world = World::of(Acme::with(Rotation::Grace(MINUTE)));
    let cache = world.due_owner().await;
    world.server.then([
        Fault::Lost(Stage::BeforeActing),
        Fault::Unsent(SendFailure::Connect),
    ]);
    let mut events = cache.events();
    ask(&cache).await;
    let told = told(&mut events).await;
    assert!(
        matches!(&told[..], [Event::Failed { error, .. }] if error.kind() == ErrorKind::InDoubt),
        "{told:?}"
    );
    assert!(world.kept().await.intent.is_some(), "others are warned");
}
