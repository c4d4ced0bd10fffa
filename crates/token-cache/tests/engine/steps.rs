//! Exchanges of several requests.

use token_cache::Event;
use token_core::{ErrorKind, SendFailure};

use crate::acme::{Acme, Fault, MINUTE, SECOND, Setup, advance, received};

// FAULTS.md row 54
#[tokio::test(start_paused = true)]
async fn a_refresh_of_two_steps_counts_as_sent_once_the_first_was() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.then([
        Fault::ok(r#"{"next":"ticket-0123456789"}"#),
        Fault::Unsent(SendFailure::Connect),
    ]);
    let mut events = cache.events();
    cache.token().await.unwrap();
    advance(2 * MINUTE).await;
    assert_eq!(setup.server.count("/refresh"), 2, "it was not sent again");
    assert!(setup.stored().await.intent.is_some());
    let received = received(&mut events).await;
    let is_doubt = |event: &Event| matches!(event, Event::Failed { error, .. } if error.kind() == ErrorKind::InDoubt);
    assert!(received.iter().any(is_doubt), "{received:?}");
}

// FAULTS.md row 54
#[tokio::test(start_paused = true)]
async fn a_second_step_that_only_the_vendors_own_refusal_makes_certain() {
    let unclear = [(503, "{}"), (200, "<html>"), (404, "not here")];
    let refused = [(400, r#"{"error":"busy","message":"no"}"#)];
    for ((status, body), is_doubt) in unclear
        .map(|one| (one, true))
        .into_iter()
        .chain(refused.map(|one| (one, false)))
    {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        setup.server.then([
            Fault::ok(r#"{"next":"ticket-0123456789"}"#),
            Fault::answer(status, body),
        ]);
        cache.token().await.unwrap();
        advance(SECOND / 4).await;
        assert_eq!(setup.stored().await.intent.is_some(), is_doubt, "{status}");
    }
}

// FAULTS.md row 54
#[tokio::test(start_paused = true)]
async fn a_redemption_of_two_steps_counts_as_sent_once_the_first_was() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.empty_cache();
    setup.server.then([
        Fault::ok(r#"{"next":"ticket-0123456789"}"#),
        Fault::Unsent(SendFailure::Connect),
    ]);
    let error = cache.redeem(setup.acme.redemption()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
    assert_eq!(setup.server.requests().len(), 1);
}

// FAULTS.md row 80
#[tokio::test(start_paused = true)]
async fn a_later_step_that_echoes_a_secret_of_an_earlier_one_is_scrubbed() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.due_cache().await;
    let (refresh, ticket) = (setup.server.current_refresh_token(), "ticket-0123456789");
    let held = cache.current().unwrap().access().expose().to_owned();
    let echo = format!(r#"{{"error":"busy","message":"no {refresh} {ticket} {held}"}}"#);
    setup.server.then([
        Fault::ok(&format!(r#"{{"next":"{ticket}"}}"#)),
        Fault::answer(400, echo),
    ]);
    let mut events = cache.events();
    cache.token().await.unwrap();
    advance(SECOND / 4).await;
    let shown = format!("{:?}", received(&mut events).await);
    assert!(shown.contains("busy"), "{shown}");
    for secret in [&refresh, &ticket.to_owned(), &held] {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
}

// FAULTS.md row 80
#[tokio::test(start_paused = true)]
async fn a_login_after_a_refused_refresh_that_echoes_the_token_in_hand_is_scrubbed() {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.due_cache().await;
    let (refresh, held) = (
        setup.server.current_refresh_token(),
        cache.current().unwrap().access().expose().to_owned(),
    );
    setup.server.then_refuse("invalid_grant");
    let echo = format!(r#"{{"error":"busy","message":"no {refresh} {held}"}}"#);
    setup.server.then([Fault::answer(400, echo)]);
    let mut events = cache.events();
    cache.token().await.unwrap();
    advance(SECOND / 4).await;
    let shown = format!("{:?}", received(&mut events).await);
    assert!(shown.contains("busy"), "{shown}");
    assert!(
        !shown.contains(&refresh) && !shown.contains(&held),
        "{shown}"
    );
}
