//! Every error that a caller gets names the grant, and the request if one was sent.

use std::time::Duration;

use token_cache::{Event, LoggedOut, TokenCache};
use token_core::reexports::http::Request;
use token_core::{ApiBody, Error, ErrorKind, SendFailure, Step, TokenEndpoint};

use crate::acme::{
    Acme, Fault, IMPATIENT, MINUTE, Op, SECOND, Setup, StoreFault, When, advance, received,
    spawn_token_within,
};

fn assert_named(setup: &Setup, error: &Error) {
    assert_eq!(error.key(), Some(&setup.acme.key()), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("key acme/api.acme.example"), "{shown}");
}

fn assert_request_named(setup: &Setup, error: &Error) {
    assert_named(setup, error);
    assert_eq!(error.step(), Some(Step::Refresh), "{error}");
    assert_eq!(error.host(), Some("api.acme.example"), "{error}");
    assert_eq!(error.path(), Some("/v1/refresh"), "{error}");
    let shown = error.to_string();
    assert!(
        shown.contains("refresh at api.acme.example/v1/refresh"),
        "{shown}"
    );
}

async fn error_of(cache: &TokenCache) -> Error {
    cache.token_within(IMPATIENT).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_failed_exchange_names_its_step_host_path_and_key() {
    let faults = [
        Fault::Unsent(SendFailure::Connect),
        Fault::Unsent(SendFailure::Tls),
        Fault::Lost(When::BeforeProcessing),
        Fault::Cut,
        Fault::status(500),
        Fault::status(503),
        Fault::status(429),
        Fault::status(404),
        Fault::ok("<html>"),
        Fault::ok("{}"),
        Fault::answer(400, r#"{"error":"invalid_grant"}"#),
        Fault::answer(400, r#"{"error":"wrong_client"}"#),
        Fault::answer(400, r#"{"error":"frozen"}"#),
    ];
    for fault in faults {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.fresh_cache().await;
        advance(61 * MINUTE).await;
        setup.server.outage(fault);
        assert_request_named(&setup, &error_of(&cache).await);
        // The failure that later callers share.
        assert_request_named(&setup, &error_of(&cache).await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_is_late_names_the_key_and_its_end_the_request() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let _gate = setup.server.then_hold(When::BeforeProcessing);
    assert_named(&setup, &error_of(&cache).await);
    let late = cache.token_within(130 * SECOND).await.unwrap_err();
    assert_request_named(&setup, &late);
}

#[tokio::test(start_paused = true)]
async fn what_fails_without_a_request_names_the_key() {
    for op in Op::ALL {
        for fault in [StoreFault::Unreachable, StoreFault::Hangs] {
            let setup = Setup::new(Acme::single_use());
            setup.store.fail_with([op], &fault);
            let cache = setup.cache();
            if let Err(error) = cache.token_within(MINUTE).await {
                assert_named(&setup, &error);
            }
            if let Err(error) = cache.logout().await {
                assert_named(&setup, &error);
            }
            if let Err(error) = setup.empty_cache().grant_state().await {
                assert_named(&setup, &error);
            }
        }
    }
    let setup = Setup::new(Acme::single_use());
    assert_named(&setup, &error_of(&setup.empty_cache()).await);
    setup.store.keep_lease_taken();
    let busy = setup.cache_with(|builder| builder.lease_timeout(SECOND));
    assert_named(&setup, &busy.token_within(MINUTE).await.unwrap_err());
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    _ = cache.logout().await.unwrap();
    assert_named(&setup, &error_of(&cache).await);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let too_long = cache.token_valid_for(Duration::from_secs(86_400)).await;
    assert_named(&setup, &too_long.unwrap_err());
    setup.server.outage(Fault::status(503));
    let generation = cache.token().await.unwrap().generation();
    assert_named(&setup, &cache.refresh_if(generation).await.unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_what_is_about_a_token_names_the_key() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let made_up = || Error::new(ErrorKind::Config, "made up");
    let unbuilt = cache.send_request(|_| Err(made_up()), |_| Ok(())).await;
    assert_named(&setup, &unbuilt.unwrap_err());
    let token = (*cache.token().await.unwrap()).clone();
    setup
        .server
        .then([Fault::ok("{}"), Fault::Unsent(SendFailure::Connect)]);
    for _ in 0..2 {
        let asked = cache.send_request(
            |attempt| setup.acme.refresh(&token, attempt),
            |_| Err::<(), _>(made_up()),
        );
        assert_named(&setup, &asked.await.unwrap_err());
    }
    let request = Request::get("https://other.example/").body(()).unwrap();
    let mut parts = request.into_parts().0;
    let unsent = cache.authorize(&mut parts, &mut ApiBody::of(b"")).await;
    assert_named(&setup, &unsent.unwrap_err());
    let refused = cache
        .with_token(async |_| Err::<(), ()>(()), Result::is_err)
        .await;
    assert_named(&setup, &refused.unwrap_err());
    setup.server.then([Fault::status(503)]);
    let redeemed = setup.empty_cache().redeem(setup.acme.redemption()).await;
    assert_named(&setup, &redeemed.unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn the_errors_in_events_name_the_key() {
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    let mut events = cache.events();
    setup.server.then([Fault::status(503)]);
    drop(cache.token().await.unwrap());
    advance(MINUTE).await;
    setup.store.fail([Op::Commit]);
    drop(cache.token().await.unwrap());
    advance(MINUTE).await;
    setup.store.recover();
    setup.server.outage(Fault::status(503));
    let logged_out = cache.logout().await.unwrap();
    if let LoggedOut::NotRevoked { error } = &logged_out {
        assert_named(&setup, error);
    }
    let mut seen = 0;
    for event in received(&mut events).await {
        if let Event::Failed { error, .. }
        | Event::PersistFailed { error, .. }
        | Event::NotRevoked { error } = &event
        {
            assert_named(&setup, error);
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}

#[test]
fn a_runtime_that_ends_leaves_callers_with_an_error_that_names_the_key() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let given = builder.worker_threads(1).enable_all().build().unwrap();
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache_with(|builder| builder.runtime(given.handle().clone()));
    let gate = setup.server.then_hold(When::BeforeProcessing);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let callers = builder.enable_all().build().unwrap();
    let error = callers.block_on(async {
        let caller = spawn_token_within(&cache, 2 * SECOND);
        gate.reached().await;
        given.shutdown_background();
        caller.await.unwrap().unwrap_err()
    });
    assert_named(&setup, &error);
    assert_eq!(error.kind(), ErrorKind::InDoubt);
}
