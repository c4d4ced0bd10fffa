//! Temporary failures: who waits for the next exchange, for how long, and how soon all is well
//! again.

use std::time::Duration;

use token_cache::{Event, TokenCache};
use token_core::{ErrorKind, Rotation, SendFailure};
use tokio::time::Instant;

use crate::acme::{
    Acme, FREEZE, Fault, IMPATIENT, MINUTE, SECOND, Setup, When, advance, ask, received,
    spawn_token,
};

const GRACE: Rotation = Rotation::Grace(MINUTE);

fn says(code: &str) -> Fault {
    Fault::answer(400, format!(r#"{{"error":"{code}"}}"#))
}

/// All temporary failures that leave no doubt.
fn passing() -> [Fault; 5] {
    [
        Fault::status(503),
        Fault::status(500),
        Fault::status(429),
        says("busy"),
        Fault::Unsent(SendFailure::Connect),
    ]
}

// FAULTS.md row 107
// FAULTS.md scenario 2
#[tokio::test(start_paused = true)]
async fn a_thousand_callers_wait_out_the_first_failure_and_cost_two_requests() {
    for fault in passing() {
        let setup = Setup::new(Acme::single_use());
        setup.server.latency(SECOND / 5);
        setup.server.then([fault.clone()]);
        let cache = setup.cache();
        let asked = Instant::now();
        let callers: Vec<_> = (0..1000).map(|_| spawn_token(&cache)).collect();
        for caller in callers {
            assert!(caller.await.unwrap().is_ok(), "{fault:?}");
        }
        assert!(asked.elapsed() <= 2 * SECOND, "{:?}", asked.elapsed());
        // A request that is not sent is not received.
        let requests = if matches!(fault, Fault::Unsent(_)) {
            1
        } else {
            2
        };
        assert_eq!(setup.server.requests().len(), requests, "{fault:?}");
    }
}

// FAULTS.md row 107
#[tokio::test(start_paused = true)]
async fn a_pause_that_the_vendor_asks_for_is_waited_out_by_who_has_the_time_and_by_nobody_else() {
    const FIVE: &[(&str, &str)] = &[("retry-after", "5")];
    let setup = Setup::new(Acme::single_use());
    setup.server.then([Fault::Answer(503, FIVE, "{}".into())]);
    let cache = setup.cache();
    let asked = Instant::now();
    let (patient, hasty) = tokio::join!(cache.token(), async {
        advance(SECOND).await;
        let asked = Instant::now();
        let hasty = cache.token_within(3 * SECOND).await;
        (hasty.unwrap_err(), asked.elapsed())
    });
    assert!(patient.is_ok());
    assert_eq!(asked.elapsed(), 5 * SECOND);
    let (error, waited) = hasty;
    assert_eq!(
        waited,
        Duration::ZERO,
        "the pause is longer than its time: {error}"
    );
    assert_eq!(error.retry_after(), Some(4 * SECOND));
    assert_eq!(setup.server.requests().len(), 2);
}

// FAULTS.md row 107
#[tokio::test(start_paused = true)]
async fn after_three_failures_in_a_row_nobody_waits() {
    for fault in passing() {
        let setup = Setup::new(Acme::single_use());
        setup.server.outage(fault);
        let cache = setup.cache();
        let asked = Instant::now();
        assert!(cache.token().await.is_err());
        let waited = asked.elapsed();
        assert!(
            waited > SECOND && waited <= 3 * SECOND,
            "two pauses: {waited:?}"
        );
        let requests = setup.server.requests().len();
        for _ in 0..1000 {
            let asked = Instant::now();
            assert!(cache.token().await.is_err());
            assert_eq!(asked.elapsed(), Duration::ZERO);
        }
        assert_eq!(setup.server.requests().len(), requests, "no extra request");
    }
}

/// How long it takes from "vendor well" to a live token, with ten impatient callers a second. The
/// outage begins when the token is due, and lasts for this share of the rest of its life.
async fn to_first_token(rotation: Rotation, fault: &Fault, life: Duration, rests: f64) -> Duration {
    let setup = Setup::new(Acme::with(rotation));
    setup.server.life(life);
    let cache = setup.fresh_cache().await;
    advance(life * 9 / 10).await;
    setup.server.outage(fault.clone());
    let outage = (life / 10).mul_f64(rests);
    let began = Instant::now();
    while began.elapsed() < outage {
        _ = cache.token_within(IMPATIENT).await;
        let left = outage.saturating_sub(began.elapsed());
        // More often in its last minute, so that a failure just before its end is met.
        let rare = (outage / 100)
            .max(SECOND / 2)
            .min(left.saturating_sub(MINUTE));
        advance(rare.max(SECOND / 2)).await;
    }
    setup.server.outage(None);
    first_token(&cache).await
}

async fn first_token(cache: &TokenCache) -> Duration {
    let well = Instant::now();
    while cache.token_within(SECOND / 10).await.is_err() {
        assert!(well.elapsed() < 10 * MINUTE, "never");
        advance(SECOND / 10).await;
    }
    well.elapsed()
}

const LIVES: [Duration; 3] = [
    Duration::from_secs(120),
    Duration::from_secs(3600),
    Duration::from_secs(86_400),
];
/// As shares of the rest of the token's life.
const OUTAGES: [f64; 3] = [0.6, 1.1, 2.3];

async fn longest_recovery(rotations: &[Rotation], faults: &[Fault]) -> Duration {
    let mut longest = Duration::ZERO;
    for rotation in rotations {
        for fault in faults {
            for life in LIVES {
                for rests in OUTAGES {
                    let took = to_first_token(*rotation, fault, life, rests).await;
                    let case =
                        format!("{rotation:?}, {fault:?}, life {life:?}, {rests} of the rest");
                    assert!(
                        rests > 1.0 || took.is_zero(),
                        "the token lives: {took:?}: {case}"
                    );
                    longest = longest.max(took);
                }
            }
        }
    }
    longest
}

/// One caller each tenth of a second, which waits as long.
const BETWEEN_CALLERS: Duration = Duration::from_millis(200);

// FAULTS.md row 108
// FAULTS.md scenario 3
#[tokio::test(start_paused = true)]
async fn once_the_vendor_is_well_again_there_is_a_token_within_ten_seconds() {
    let every = [Rotation::Idempotent, GRACE, Rotation::SingleUse];
    let longest = longest_recovery(&every, &passing()).await;
    assert!(longest <= 10 * SECOND + BETWEEN_CALLERS, "{longest:?}");
}

/// Everything after which nobody knows whether the vendor acted.
fn doubtful() -> [Fault; 4] {
    [
        Fault::status(502),
        Fault::status(504),
        Fault::status(408),
        Fault::Lost(When::BeforeProcessing),
    ]
}

// FAULTS.md row 108
// FAULTS.md scenario 3
#[tokio::test(start_paused = true)]
async fn a_doubt_lengthens_that_only_for_a_token_that_works_once() {
    let longest = longest_recovery(&[Rotation::Idempotent, GRACE], &doubtful()).await;
    assert!(longest <= 10 * SECOND + BETWEEN_CALLERS, "{longest:?}");
    let longest = longest_recovery(&[Rotation::SingleUse], &doubtful()).await;
    let step = 10 * SECOND;
    assert!(
        longest <= 15 * SECOND + step + BETWEEN_CALLERS,
        "{longest:?}"
    );
}

// FAULTS.md row 109
// FAULTS.md scenario 4
#[tokio::test(start_paused = true)]
async fn a_caller_that_sleeps_for_retry_after_finds_the_pause_over() {
    const TWENTY_MINUTES: &[(&str, &str)] = &[("retry-after", "1200")];
    let frozen = FREEZE;
    for (fault, times, at_most) in [
        (Fault::status(503), 1, SECOND),
        (Fault::status(503), 6, 10 * SECOND),
        (Fault::Unsent(SendFailure::Resolve), 4, 8 * SECOND),
        (Fault::status(502), 1, 15 * SECOND),
        (
            Fault::Answer(429, TWENTY_MINUTES, "{}".into()),
            1,
            20 * MINUTE,
        ),
        (says("frozen"), 1, frozen),
        (says("wrong_client"), 1, 5 * MINUTE),
        (says("gibberish"), 2, 2 * SECOND),
    ] {
        for tenths in 0..10 {
            let setup = Setup::new(Acme::single_use());
            setup.server.outage(fault.clone());
            let cache = setup.cache();
            let mut pause = Duration::ZERO;
            for _ in 0..times {
                advance(pause).await;
                let error = cache.token_within(SECOND / 10).await.unwrap_err();
                pause = error.retry_after().unwrap();
            }
            assert!(pause <= at_most, "{pause:?} {fault:?}");
            setup.server.outage(None);
            advance(pause * tenths / 10).await;
            let asked = Instant::now();
            let error = cache.token_within(Duration::ZERO).await.unwrap_err();
            let left = error.retry_after().unwrap();
            let too_much = left.saturating_sub(pause - pause * tenths / 10);
            assert!(too_much <= SECOND / 500, "{left:?} of {pause:?} {fault:?}");
            advance(left).await;
            let token = cache.token_within(SECOND / 10).await;
            assert!(
                token.is_ok(),
                "{token:?} after {:?} {fault:?}",
                asked.elapsed()
            );
        }
    }
}

// FAULTS.md row 109
// FAULTS.md scenario 4
#[tokio::test(start_paused = true)]
async fn a_freeze_that_is_asked_about_in_its_last_minute_lasts_a_minute() {
    let setup = Setup::new(Acme::single_use());
    setup.server.then_refuse("frozen");
    let cache = setup.cache();
    assert!(cache.token_within(IMPATIENT).await.is_err());
    advance(FREEZE - MINUTE).await;
    let error = cache.token_within(IMPATIENT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked { after: MINUTE });
    assert_eq!(error.retry_after(), Some(MINUTE));
}

// FAULTS.md scenario 9
#[tokio::test(start_paused = true)]
async fn each_pause_after_a_success_begins_with_the_first_step() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let mut events = cache.events();
    for _ in 0..4 {
        advance(50 * MINUTE).await;
        setup.server.then([Fault::status(503), Fault::status(503)]);
        for step in [SECOND, 2 * SECOND] {
            cache.token().await.unwrap();
            advance(SECOND / 100).await;
            let received = received(&mut events).await;
            let [Event::Failed { next_in, .. }] = received[..] else {
                panic!("{received:?}");
            };
            assert!((step / 2..=step).contains(&next_in), "{next_in:?}");
            advance(next_in).await;
        }
        ask(&cache).await;
        assert_eq!(
            received(&mut events).await.len(),
            2,
            "refreshed and persisted"
        );
    }
}
