//! A vendor that repeats its live token, and answers that are not the vendor's.

use std::time::Duration;

use token_cache::{Event, Events, TokenCache};
use token_core::Rotation;
use tokio::time::Instant;

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, SECOND, Setup, advance, received};

const LIFE: Duration = Duration::from_secs(7200);

/// A vendor that answers a login with its live token, as Spring does with client credentials.
fn repeating() -> Setup {
    let setup = Setup::new(Acme::by_login_alone());
    setup.server.repeats_live_token();
    setup.server.life(LIFE);
    setup.server.latency(SECOND / 20);
    setup
}

/// One impatient caller a second. Returns how many of them got no token.
async fn errors_within(setup: &Setup, cache: &TokenCache, span: Duration) -> u32 {
    let (began, mut errors) = (Instant::now(), 0);
    while began.elapsed() < span {
        match cache.token_within(IMPATIENT).await {
            Ok(token) => assert!(
                setup.server.accepts(token.access()),
                "no token that is over"
            ),
            Err(_) => errors += 1,
        }
        advance(SECOND).await;
    }
    errors
}

async fn failures(events: &mut Events) -> Vec<Event> {
    let is_failure = |event: &Event| matches!(event, Event::Failed { .. } | Event::Rejected { .. });
    received(events)
        .await
        .into_iter()
        .filter(is_failure)
        .collect()
}

// FAULTS.md row 65
#[tokio::test(start_paused = true)]
async fn a_vendor_that_repeats_its_live_token_to_its_end_costs_a_second_of_errors_at_most() {
    let setup = repeating();
    let cache = setup.empty_cache();
    cache.token().await.unwrap();
    let mut events = cache.events();
    for _ in 0..5 {
        let errors = errors_within(&setup, &cache, LIFE).await;
        assert!(errors <= 1, "{errors} s of errors at one expiry");
        let failures = failures(&mut events).await;
        assert!(
            failures.is_empty(),
            "a repeated token is no failure: {failures:?}"
        );
    }
    let logins = setup.server.count("/login");
    assert!(
        (6..=5 * 60).contains(&logins),
        "{logins} logins in five lives"
    );
}

// FAULTS.md row 65
#[tokio::test(start_paused = true)]
async fn an_outage_that_ends_a_minute_before_the_expiry_costs_no_second_of_errors() {
    for acme in [Acme::by_login_alone(), Acme::with(Rotation::Idempotent)] {
        let setup = Setup::new(acme);
        setup.server.repeats_live_token();
        setup.server.life(LIFE);
        let cache = setup.fresh_cache().await;
        let mut errors = errors_within(&setup, &cache, LIFE / 2).await;
        setup.server.outage(Fault::status(503));
        errors += errors_within(&setup, &cache, LIFE / 2 - MINUTE).await;
        setup.server.outage(None);
        errors += errors_within(&setup, &cache, LIFE / 2).await;
        assert_eq!(errors, 0);
    }
}

// FAULTS.md row 66
#[tokio::test(start_paused = true)]
async fn the_first_three_answers_that_are_not_the_vendors_cost_seconds_and_only_the_fourth_minutes()
{
    const RETRY: &str = r#"{"error":"E9","message":"please retry"}"#;
    for (status, body, fourth) in [
        (404, "default backend - 404", 300),
        (401, "<html>no entry</html>", 300),
        (400, RETRY, 8),
    ] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        let mut events = cache.events();
        setup.server.outage(Fault::answer(status, body));
        for step in [1, 2, 4, fourth] {
            cache.token().await.unwrap();
            advance(SECOND / 100).await;
            let received = received(&mut events).await;
            let [Event::Failed { next_in, error }] = &received[..] else {
                panic!("{received:?}");
            };
            let longest = step * SECOND;
            assert!(
                (longest / 2..=longest).contains(next_in),
                "{next_in:?} after {error}"
            );
            advance(*next_in).await;
        }
    }
}

// FAULTS.md row 66
#[tokio::test(start_paused = true)]
async fn one_odd_answer_costs_a_second() {
    for (status, body) in [
        (404, "default backend - 404"),
        (401, "<html>no entry</html>"),
        (400, "please retry"),
    ] {
        let setup = Setup::new(Acme::single_use());
        setup.server.then([Fault::answer(status, body)]);
        let asked = Instant::now();
        assert!(setup.cache().token().await.is_ok(), "{status}");
        assert!(asked.elapsed() <= SECOND, "{:?}", asked.elapsed());
    }
}
