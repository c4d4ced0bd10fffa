//! A refresh token of ours that may have been spent is not sent again too early.

use std::time::Duration;

use token_cache::Event;
use token_core::{ErrorKind, Generation, Rotation};
use tokio::time::Instant;

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, SECOND, Setup, When, advance, ask, received};

/// What leaves a single-use refresh in doubt.
fn unreadable() -> Vec<Fault> {
    let page = "<html>captive portal</html>";
    [
        (200, page),
        (200, ""),
        (200, r#"{"token":"A2"}{"#),
        (200, r#"{"token":1,"token":2}"#),
    ]
    .into_iter()
    .chain([(408, "{}"), (502, page), (504, "")])
    .map(|(status, body)| Fault::answer(status, body))
    .collect()
}

// FAULTS.md row 50
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_leaves_the_intent_and_no_other_host_spends_the_token() {
    for fault in unreadable() {
        let setup = Setup::new(Acme::single_use());
        let (ours, theirs, _) = setup.two_processes().await;
        advance(50 * MINUTE).await;
        setup.server.then([fault.clone()]);
        ours.token().await.unwrap();
        advance(SECOND / 4).await;
        assert!(setup.stored().await.intent.is_some(), "{fault:?}");
        theirs.token().await.unwrap();
        advance(4 * MINUTE).await;
        assert_eq!(setup.server.count("/refresh"), 2, "{fault:?}");
    }
}

// FAULTS.md row 50
#[tokio::test(start_paused = true)]
async fn a_server_that_is_closed_or_busy_refuses_and_leaves_no_doubt() {
    for status in [503, 429, 500] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        setup.server.then([Fault::answer(status, "{}")]);
        cache.token().await.unwrap();
        advance(SECOND / 4).await;
        assert!(setup.stored().await.intent.is_none(), "{status}");
        advance(2 * SECOND).await;
        ask(&cache).await;
        assert_eq!(
            cache.current().unwrap().generation(),
            Generation::new(2),
            "{status}"
        );
    }
}

/// When the second attempt came after the first, of a token that lived for `left` then.
async fn second_attempt_after(rotation: Rotation, left: Duration, fault: Fault) -> Duration {
    let setup = Setup::new(Acme::with(rotation));
    let cache = setup.due_cache().await;
    advance(10 * MINUTE - left).await;
    let before = setup.server.requests().len();
    setup.server.then([fault]);
    let until = Instant::now() + 8 * MINUTE;
    while Instant::now() < until && setup.server.requests().len() < before + 2 {
        _ = cache.token_within(IMPATIENT).await;
        advance(SECOND).await;
    }
    let attempts = &setup.server.requests()[before..];
    attempts[1].at - attempts[0].at
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_token_of_ours_that_may_have_been_spent_rests_while_the_access_token_lives() {
    let lost = || Fault::Lost(When::BeforeProcessing);
    let rested = second_attempt_after(Rotation::SingleUse, 10 * MINUTE, lost()).await;
    assert!((300..=303).contains(&rested.as_secs()), "{rested:?}");
    let until_its_end = second_attempt_after(Rotation::SingleUse, 2 * MINUTE, lost()).await;
    assert!(
        (119..=123).contains(&until_its_end.as_secs()),
        "{until_its_end:?}"
    );
    let without = second_attempt_after(Rotation::SingleUse, Duration::ZERO, lost()).await;
    assert!((15..=18).contains(&without.as_secs()), "{without:?}");
    for fault in [Fault::Cut, Fault::answer(502, "<html>")] {
        let rested = second_attempt_after(Rotation::SingleUse, 10 * MINUTE, fault).await;
        assert!((300..=303).contains(&rested.as_secs()), "{rested:?}");
    }
    let grace = Rotation::Grace(2 * MINUTE);
    let in_its_window = second_attempt_after(grace, 10 * MINUTE, Fault::answer(502, "<html>"));
    assert!(in_its_window.await.as_secs() <= 3);
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_refused_access_token_shortens_the_rest() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.then([Fault::Lost(When::BeforeProcessing)]);
    let sent = Instant::now();
    let token = (*cache.token().await.unwrap()).clone();
    advance(2 * SECOND).await;
    cache.invalidate(&token);
    let next = cache.token().await.unwrap();
    assert_eq!(next.generation(), Generation::new(2));
    assert_eq!(sent.elapsed(), 15 * SECOND);
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_doubt_is_not_forgotten_where_the_repetition_is_answered_by_a_busy_server() {
    let setup = Setup::new(Acme::with(Rotation::Grace(SECOND * 30)));
    let cache = setup.due_cache().await;
    let mut events = cache.events();
    setup
        .server
        .then([Fault::Lost(When::BeforeProcessing), Fault::status(503)]);
    cache.token().await.unwrap();
    advance(SECOND / 4).await;
    assert!(setup.stored().await.intent.is_some());
    let received = received(&mut events).await;
    let is_doubt = |event: &Event| matches!(event, Event::Failed { error, .. } if error.kind() == ErrorKind::InDoubt);
    assert!(received.iter().any(is_doubt), "{received:?}");
}

// FAULTS.md row 51
#[tokio::test(start_paused = true)]
async fn a_grace_counts_from_the_first_send_and_not_from_the_timeout() {
    let setup = Setup::new(Acme::with(Rotation::Grace(SECOND * 30)));
    let cache = setup.due_cache().await;
    // The first answer never comes: 20 seconds of the window are over when the exchange is given
    // up.
    let gate = setup.server.then_hold(When::AfterProcessing);
    setup.server.outage(Fault::answer(502, "<html>"));
    let sent = Instant::now();
    while sent.elapsed() < 4 * MINUTE {
        ask(&cache).await;
    }
    let late = setup.server.requests().into_iter().filter(|one| {
        let after = one.at.saturating_duration_since(sent);
        one.path == "/refresh" && after > SECOND * 31
    });
    assert_eq!(late.count(), 0, "outside of its window it rests");
    drop(gate);
}

// FAULTS.md rows 50 and 51
#[tokio::test(start_paused = true)]
async fn a_doubt_is_not_ended_by_a_vendor_that_is_closed_when_the_token_is_sent_again() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    advance(10 * MINUTE).await;
    for (fault, rest) in [
        (Fault::status(502), 15 * SECOND),
        (Fault::status(503), SECOND),
    ] {
        setup.server.then([fault]);
        assert!(cache.token_within(SECOND / 10).await.is_err());
        assert!(setup.stored().await.intent.is_some(), "others are warned");
        advance(rest).await;
    }
    advance(2 * SECOND).await;
    assert!(cache.token().await.is_ok());
    assert!(setup.stored().await.intent.is_none());
}
