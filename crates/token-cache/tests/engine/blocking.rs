//! Callers that wait on their own thread: many threads, and threads of every kind of runtime. Time
//! is real here: only what happens counts, not when.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use token_cache::{BlockingTokenCache, Drained, Event, GrantState, LoggedOut, TokenCache};
use token_core::reexports::http::request::Parts;
use token_core::reexports::http::{HeaderMap, Request, StatusCode};
use token_core::{ApiBody, ApiResponse, Error, ErrorKind, Generation, Rotation, http_fn};
use tokio::runtime::{Builder, Runtime};

use crate::acme::{Acme, AcmeServer, IMPATIENT, MINUTE, Setup, When};

/// A cache on the library's own runtime, and its vendor.
fn own() -> (BlockingTokenCache, Setup) {
    let setup = Setup::new(Acme::single_use().and_login());
    (setup.cache().blocking(), setup)
}

/// A cache on a runtime that the program gave.
fn on(given: &Runtime) -> (BlockingTokenCache, Setup) {
    let setup = Setup::new(Acme::single_use().and_login());
    let cache = setup.cache_with(|builder| builder.runtime(given.handle().clone()));
    (cache.blocking(), setup)
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn one_worker() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn a_thousand_threads_that_ask_at_once_cost_one_exchange() {
    const THREADS: usize = 1000;
    let (cache, setup) = own();
    let gate = setup.server.then_hold(When::BeforeProcessing);
    let asking = Barrier::new(THREADS + 1);
    thread::scope(|threads| {
        let ask = || {
            asking.wait();
            cache.token().map(|token| token.generation())
        };
        let spawn = |_| {
            let small = thread::Builder::new().stack_size(128 * 1024);
            small.spawn_scoped(threads, ask).unwrap()
        };
        let waiting: Vec<_> = (0..THREADS).map(spawn).collect();
        asking.wait();
        pollster::block_on(gate.reached());
        gate.open();
        for thread in waiting {
            assert_eq!(thread.join().unwrap().unwrap(), Generation::new(1));
        }
    });
    assert_eq!(setup.server.requests().len(), 1);
}

#[test]
fn every_method_works_on_a_thread_without_a_runtime() {
    let (cache, setup) = own();
    let mut events = cache.events();
    assert!(cache.current().is_none());
    let first = cache.token().unwrap().generation();
    assert!(
        matches!(events.next(), Some(Event::Refreshed { generation, .. }) if generation == first)
    );
    assert_eq!(
        cache.refresh_if(first).unwrap().generation(),
        Generation::new(2)
    );
    assert!(cache.token_valid_for(MINUTE).is_ok());
    let redeemed = cache.redeem(setup.acme.redemption()).unwrap().generation();
    assert_eq!(redeemed, Generation::new(3));
    assert_eq!(cache.grant_state().unwrap(), GrantState::Active);
    let build = |attempt: &_| token_core::TokenEndpoint::login(&setup.acme, attempt).unwrap();
    let status = cache.send_request(build, |answer| Ok(answer.status()));
    assert_eq!(status.unwrap(), StatusCode::OK);
    assert_eq!(cache.drain(MINUTE), Drained::Settled);
    assert!(matches!(cache.logout().unwrap(), LoggedOut::Revoked));
    assert!(cache.set_token(setup.server.grant()).is_ok());
    drop(cache);
    assert!(events.by_ref().count() > 1, "the events end with the cache");
}

#[test]
fn a_caller_waits_no_longer_than_its_time() {
    let (cache, setup) = own();
    let gate = setup.server.then_hold(When::BeforeProcessing);
    let error = cache.token_within(IMPATIENT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient { after: None });
    assert_eq!(cache.drain(Duration::from_millis(1)), Drained::Unsettled);
    gate.open();
    assert!(cache.token().is_ok(), "the exchange went on");
    assert_eq!(setup.server.requests().len(), 1);
}

#[test]
fn it_works_on_the_threads_of_a_runtime_that_may_block() {
    for given in [current_thread(), one_worker()] {
        let (cache, _setup) = on(&given);
        let asking = async move { tokio::task::spawn_blocking(move || refreshed(&cache)).await };
        let generation = given.block_on(asking).unwrap().unwrap();
        assert_eq!(generation, Generation::new(2));
    }
}

#[test]
fn the_only_worker_of_the_given_runtime_does_not_wait_for_itself() {
    let given = one_worker();
    let (cache, _setup) = on(&given);
    let asking = given.spawn(async move { refreshed(&cache) });
    assert_eq!(given.block_on(asking).unwrap().unwrap(), Generation::new(2));
}

#[test]
fn the_workers_of_the_librarys_own_runtime_do_not_wait_for_themselves() {
    const MORE_THAN_WORKERS: usize = 16;
    thread::scope(|threads| {
        for _ in 0..MORE_THAN_WORKERS {
            threads.spawn(|| {
                let (other, other_setup) = own();
                let (waits_for, setup) = (other.clone(), own().1);
                let server = setup.server.clone();
                // A client that needs another cache's token, and waits for it in a task.
                let client = http_fn(move |request| {
                    let token = refreshed(&waits_for);
                    let server = server.clone();
                    async move {
                        token?;
                        let sent = token_core::HttpClient::send(&server, request, MINUTE);
                        sent.await.map_err(|error| error.to_error())
                    }
                });
                let cache = setup
                    .cache_with(|builder| builder.http_client(client))
                    .blocking();
                assert!(cache.token().is_ok());
                assert_eq!(other_setup.server.requests().len(), 2);
            });
        }
    });
}

#[test]
fn the_thread_that_drives_the_given_runtime_gets_an_error_and_nothing_is_sent() {
    let given = current_thread();
    let (cache, setup) = on(&given);
    given.block_on(async {
        let error = cache.redeem(setup.acme.redemption()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.to_string().contains("use the asynchronous method"),
            "{error}"
        );
        assert_eq!(cache.token().unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(cache.logout().unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(
            call_api(&cache, &setup.server).unwrap_err().kind(),
            ErrorKind::Config
        );
        assert_eq!(cache.drain(MINUTE), Drained::Unsettled);
        assert_eq!(cache.events().count(), 0);
        assert_eq!(setup.server.requests().len(), 0);
        // It is the same cache: its token is there for both.
        let generation = cache.as_async().token().await.unwrap().generation();
        assert_eq!(cache.token().unwrap().generation(), generation);
    });
    assert_eq!(setup.server.count("/refresh"), 1);
}

#[test]
fn the_thread_of_another_current_thread_runtime_waits_as_often_as_it_likes() {
    let (cache, _setup) = own();
    current_thread().block_on(async {
        cache.token().unwrap();
        // More than tokio allows a task without a pause.
        for _ in 0..500 {
            cache.grant_state().unwrap();
        }
    });
}

#[test]
fn a_refused_token_is_replaced_and_the_request_is_sent_once_more() {
    let (cache, setup) = own();
    assert_eq!(call_api(&cache, &setup.server).unwrap(), StatusCode::OK);
    setup.server.revoke_access_tokens();
    assert_eq!(call_api(&cache, &setup.server).unwrap(), StatusCode::OK);
    assert_eq!(setup.server.count("/refresh"), 2);
    let (mut parts, mut body) = (request(), ApiBody::of(b""));
    assert!(cache.authorize(&mut parts, &mut body).is_ok());
    assert!(parts.headers.contains_key("authorization"));
}

#[test]
fn any_client_is_called_with_the_token_and_once_more() {
    let (cache, setup) = own();
    cache.token().unwrap();
    setup.server.revoke_access_tokens();
    let server = setup.server.clone();
    let call = |token: token_cache::TokenGuard| match server.accepts(token.access()) {
        true => Ok(7),
        false => Err(401),
    };
    let called = cache.with_token(call, |result| matches!(result, Err(401)));
    assert_eq!(called.unwrap(), Ok(7));
    assert_eq!(setup.server.count("/refresh"), 2);
}

#[test]
fn neither_the_cache_nor_a_call_shows_a_secret() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = BlockingTokenCache::from(setup.cache());
    let token = cache.token().unwrap();
    let shown = format!("{cache:?} {:?} {:?}", cache.api_call(), cache.events());
    assert!(shown.contains("BlockingTokenCache"), "{shown}");
    assert!(!shown.contains(token.access().expose()), "{shown}");
}

fn refreshed(cache: &BlockingTokenCache) -> Result<Generation, Error> {
    let generation = cache.token()?.generation();
    Ok(cache.refresh_if(generation)?.generation())
}

fn request() -> Parts {
    let request = Request::get("https://api.acme.example/v1/things").body(());
    request.unwrap().into_parts().0
}

/// What an adapter does, for an API that refuses by status.
fn call_api(cache: &BlockingTokenCache, server: &AcmeServer) -> Result<StatusCode, Error> {
    let mut call = cache.api_call();
    loop {
        let mut parts = request();
        call.authorize(&mut parts, &mut ApiBody::of(b""))?;
        assert!(call.is_authorized());
        let header = parts.headers["authorization"].to_str().unwrap();
        let token = token_core::Secret::from(header.strip_prefix("Bearer ").unwrap());
        let status = match server.accepts(&token) {
            true => StatusCode::OK,
            false => StatusCode::UNAUTHORIZED,
        };
        let headers = HeaderMap::new();
        assert_eq!(call.needs_body(status, &headers), None);
        let answer = ApiResponse::new(status, &headers, None);
        if call.judge(&answer, true)? == token_cache::Answered::Final {
            return Ok(status);
        }
    }
}

#[test]
fn the_cache_and_its_calls_can_be_shared_and_sent() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<BlockingTokenCache>();
    is_send_and_sync::<token_cache::BlockingApiCall<'_>>();
    is_send_and_sync::<token_cache::BlockingEvents>();
    is_send_and_sync::<TokenCache>();
}
