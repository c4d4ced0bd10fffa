//! What a readiness probe is told, and the stream of events.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use token_cache::{Event, Origin};
use token_core::{Clock, ErrorKind, Generation, Timestamp, Validity};

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, Op, Setup, advance, ask};

const BEGAN: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

#[tokio::test(start_paused = true)]
async fn health_is_told_without_a_request_or_a_look_at_the_store() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    setup.store.log();
    let before = cache.health();
    assert!(!before.usable);
    assert_eq!(before.generation, None);
    assert!(before.to_string().ends_with(": no token yet"), "{before}");
    assert!(setup.store.log().is_empty() && setup.server.requests().is_empty());

    cache.token().await.unwrap();
    let fresh = cache.health();
    assert!(fresh.usable && !fresh.unpersisted && !fresh.logged_out);
    assert_eq!(fresh.generation, Some(Generation::new(1)));
    assert_eq!(fresh.expires_at, Some(BEGAN.after(60 * MINUTE)));
    let refresh_at = fresh.refresh_at.unwrap();
    assert!((BEGAN.after(40 * MINUTE)..BEGAN.after(50 * MINUTE)).contains(&refresh_at));
    assert!(fresh.paused_until.is_none() && fresh.last_error.is_none());
    let line = fresh.to_string();
    assert!(
        line.starts_with("acme/api.acme.example%2Fv1/user-17: usable"),
        "{line}"
    );
    let parts = "usable until 2023-11-14T23:13:20Z, generation 1, next refresh at 2023-11-14T22:";
    assert!(line.contains(parts), "{line}");
}

#[tokio::test(start_paused = true)]
async fn health_tells_the_failure_its_advice_and_the_pause() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup
        .server
        .outage(Fault::Answer(503, &[("retry-after", "120")], String::new()));
    ask(&cache).await;
    let failing = cache.health();
    assert!(failing.usable, "the token lives on");
    let pause = failing
        .paused_until
        .unwrap()
        .since(BEGAN.after(50 * MINUTE));
    assert_eq!(pause.as_secs(), 120);
    let line = failing.to_string();
    assert!(
        line.contains("no exchange before 2023-11-14T23:05:20Z"),
        "{line}"
    );
    assert!(
        line.contains("last error: ") && line.contains("; retry later"),
        "{line}"
    );
    setup.server.outage(None);
    advance(3 * MINUTE).await;
    ask(&cache).await;
    let well = cache.health();
    assert!(
        well.last_error.is_none() && well.paused_until.is_none(),
        "{well}"
    );
}

#[tokio::test(start_paused = true)]
async fn health_tells_that_somebody_must_log_in_whatever_failed_after_the_refusal() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.server.revoke_grant();
    ask(&cache).await;
    advance(11 * MINUTE).await;
    setup.store.fail(Op::ALL);
    drop(cache.token_within(IMPATIENT).await);
    let health = cache.health();
    assert!(!health.usable);
    assert_eq!(
        health.last_error.as_ref().unwrap().kind(),
        ErrorKind::Rejected
    );
    assert!(health.to_string().contains("; log in again"), "{health}");
}

#[tokio::test(start_paused = true)]
async fn health_tells_of_a_logout_and_of_a_token_that_the_store_did_not_take() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    setup.store.fail([Op::Commit]);
    ask(&cache).await;
    let health = cache.health();
    assert!(health.usable && health.unpersisted);
    assert!(
        health.to_string().contains("not acknowledged by the store"),
        "{health}"
    );
    setup.store.recover();
    _ = cache.logout().await.unwrap();
    let health = cache.health();
    assert!(!health.usable && health.logged_out && !health.unpersisted);
    assert!(health.to_string().ends_with(": logged out"), "{health}");
}

#[tokio::test(start_paused = true)]
async fn events_are_a_stream_that_misses_nothing_and_ends_with_the_cache() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let mut events = cache.events();
    let mut poll = || {
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(&mut events).poll_next(&mut context)
    };
    assert!(poll().is_pending());
    cache.token().await.unwrap();
    let mut received = Vec::new();
    while let Poll::Ready(Some(event)) = poll() {
        received.push(event);
    }
    assert!(
        received
            .iter()
            .any(|event| matches!(event, Event::Refreshed { .. })),
        "{received:?}"
    );
    drop(cache);
    advance(MINUTE).await;
    assert!(matches!(poll(), Poll::Ready(None)));
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_call_of_next_that_is_given_up_loses_no_event() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let mut events = cache.events();
    assert!(tokio::time::timeout(MINUTE, events.next()).await.is_err());
    cache.token().await.unwrap();
    let first = events.next().await;
    assert!(matches!(first, Some(Event::Refreshed { .. })), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn health_tells_a_token_without_end_that_was_refused_from_none() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.empty_cache();
    let validity = Validity::without_end(setup.clock.now().wall);
    let endless = setup.server.grant().with_validity(validity);
    cache.set_token(endless).await.unwrap();
    let line = cache.health().to_string();
    assert!(line.contains("usable until an API refuses it"), "{line}");
    cache.invalidate(&cache.current().unwrap());
    let line = cache.health().to_string();
    assert!(line.contains(": not usable, generation 1"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_load_takes_the_stored_token_and_requests_nothing() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    assert!(ours.load().await.unwrap().is_none());
    let token = theirs.token().await.unwrap();
    let loaded = ours.load().await.unwrap().unwrap();
    assert!(loaded.same_secrets_as(&token));
    let health = ours.health();
    assert_eq!(health.issued_at, Some(BEGAN));
    assert_eq!(health.expires_at, Some(BEGAN.after(60 * MINUTE)));

    advance(61 * MINUTE).await;
    let (another, _) = setup.other_process();
    assert!(another.load().await.unwrap().is_none());
    let health = another.health();
    assert!(!health.usable);
    assert_eq!(health.expires_at, Some(BEGAN.after(60 * MINUTE)));
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reload_takes_the_newer_token_of_another_process_and_requests_nothing() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    let first = ours.token().await.unwrap();
    let unchanged = ours.reload().await.unwrap().unwrap();
    assert!(unchanged.same_secrets_as(&first));
    let generation = theirs.token().await.unwrap().generation();
    let second = theirs.refresh_if(generation).await.unwrap();
    let mut events = ours.events();
    // Ours is valid, so nothing else looks at the store.
    assert!(ours.load().await.unwrap().unwrap().same_secrets_as(&first));
    let reloaded = ours.reload().await.unwrap().unwrap();
    assert!(reloaded.same_secrets_as(&second));
    assert!(ours.current().unwrap().same_secrets_as(&second));
    let event = events.next().await;
    let is_told = |event: &Event| {
        matches!(event, Event::Refreshed { generation, origin: Origin::Store, .. }
            if *generation == second.generation())
    };
    assert!(event.as_ref().is_some_and(is_told), "{event:?}");
    assert_eq!(setup.server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_due_at_one_instant_in_all_caches_of_a_process() {
    let setup = Setup::new(Acme::single_use());
    let ours = setup.cache();
    ours.token().await.unwrap();
    let due = ours.health().refresh_at.unwrap();
    for _ in 0..4 {
        // As a program does that opens the store again each time.
        let opened = setup.newcomer();
        opened.load().await.unwrap().unwrap();
        assert_eq!(opened.health().refresh_at, Some(due));
    }
    let generation = ours.token().await.unwrap().generation();
    let second = ours.refresh_if(generation).await.unwrap();
    let drawn = |due: Timestamp| due.since(second.validity().issued_at());
    let next = ours.health().refresh_at.unwrap();
    assert_ne!(drawn(next), drawn(due), "another token, another number");
}

#[tokio::test(start_paused = true)]
async fn a_reload_after_a_logout_elsewhere_hands_out_no_token() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    ours.token().await.unwrap();
    drop(theirs.logout().await.unwrap());
    assert!(ours.load().await.unwrap().is_some());
    let kind = ours.reload().await.unwrap_err().kind();
    assert_eq!(kind, ErrorKind::Rejected);
    assert!(ours.current().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_load_after_a_logout_says_that_somebody_must_log_in() {
    let setup = Setup::new(Acme::single_use());
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    theirs.token().await.unwrap();
    drop(theirs.logout().await.unwrap());
    let kind = ours.load().await.unwrap_err().kind();
    assert_eq!(kind, ErrorKind::Rejected);
    assert!(ours.health().logged_out);
}
