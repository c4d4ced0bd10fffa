//! What is measured, as Prometheus reads it.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use token_cache::Answered;
use token_core::reexports::http::header::WWW_AUTHENTICATE;
use token_core::reexports::http::{HeaderMap, HeaderValue, Request, StatusCode};
use token_core::{ApiBody, ApiResponse, Clock, ErrorKind, Rotation, Validity};

use crate::acme::{
    Acme, Fault, IMPATIENT, MINUTE, Op, SECOND, Setup, When, advance, ask, spawn_token,
};

/// What was measured on the thread of the test, where the cache runs too.
struct Measured(PrometheusHandle);

/// Begins to measure, to the end of the test.
macro_rules! measure {
    ($measured:ident) => {
        let recorder = PrometheusBuilder::new().build_recorder();
        let $measured = Measured(recorder.handle());
        let _measuring = metrics::set_default_local_recorder(&recorder);
    };
}

impl Measured {
    fn of(&self, series: &str) -> Option<f64> {
        let rendered = self.0.render();
        let mut values = rendered
            .lines()
            .filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Some(values.next()?.parse().unwrap())
    }

    fn gauge(&self, name: &str) -> Option<f64> {
        self.of(&format!("vendor_auth_{name}{{key=\"{KEY}\"}}"))
    }

    fn exchanges(&self, step: &str, outcome: &str) -> Option<f64> {
        self.of(&format!(
            "vendor_auth_exchanges_total{{vendor=\"acme\",step=\"{step}\",outcome=\"{outcome}\"}}"
        ))
    }

    fn refused(&self, verdict: &str, replayed: bool) -> Option<f64> {
        self.of(&format!(
            "vendor_auth_api_refused_total{{vendor=\"acme\",verdict=\"{verdict}\",replayed=\"{replayed}\"}}"
        ))
    }
}

const KEY: &str = "acme/api.acme.example%2Fv1/user-17";

#[tokio::test(start_paused = true)]
async fn exchanges_are_counted_by_vendor_step_and_outcome() {
    measure!(measured);
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(2 * SECOND);
    let cache = setup.due_cache().await;
    assert_eq!(measured.exchanges("refresh", "ok"), Some(1.0));
    let took = "vendor_auth_exchange_duration_seconds_sum{vendor=\"acme\",step=\"refresh\"}";
    assert_eq!(measured.of(took), Some(2.0));
    setup.server.then([Fault::status(503), Fault::status(429)]);
    ask(&cache).await;
    advance(2 * SECOND).await;
    assert_eq!(measured.exchanges("refresh", "transient"), Some(1.0));
    advance(MINUTE).await;
    ask(&cache).await;
    advance(2 * SECOND).await;
    assert_eq!(measured.exchanges("refresh", "throttled"), Some(1.0));
    setup.server.revoke_grant();
    advance(10 * MINUTE).await;
    assert!(cache.token().await.is_err());
    assert_eq!(measured.exchanges("refresh", "rejected"), Some(1.0));
    assert_eq!(measured.exchanges("refresh", "ok"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_ends_with_its_runtime_is_counted_as_in_doubt() {
    let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
    let measured = Measured(recorder.handle());
    let thread = std::thread::spawn(move || {
        let _measuring = metrics::set_default_local_recorder(&*recorder);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(async {
            let setup = Setup::new(Acme::single_use());
            let gate = setup.server.then_hold(When::BeforeProcessing);
            drop(spawn_token(&setup.cache()));
            gate.reached().await;
        });
    });
    thread.join().unwrap();
    assert_eq!(measured.exchanges("refresh", "in_doubt"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn the_gauges_of_a_token_follow_it_to_its_logout() {
    measure!(measured);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    assert_eq!(measured.gauge("waiters"), Some(0.0));
    assert_eq!(measured.gauge("unpersisted"), Some(0.0));
    assert_eq!(measured.gauge("token_expiry_timestamp_seconds"), None);
    cache.token().await.unwrap();
    let began = 1_700_000_000.0;
    let expiry = || measured.gauge("token_expiry_timestamp_seconds").unwrap();
    let success = || measured.gauge("last_success_timestamp_seconds").unwrap();
    assert_eq!(expiry(), began + 3600.0);
    assert_eq!(success(), began);
    advance(50 * MINUTE).await;
    ask(&cache).await;
    assert_eq!(expiry(), began + 3000.0 + 3600.0);
    assert_eq!(success(), began + 3000.0);
    _ = cache.logout().await.unwrap();
    assert_eq!(expiry(), 0.0, "there is no token");
    assert_eq!(success(), began + 3000.0, "that was so");
    assert_eq!(measured.gauge("unpersisted"), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn the_expiry_is_zero_after_a_logout_elsewhere_and_a_revocation() {
    measure!(measured);
    let setup = Setup::new(Acme::single_use());
    let (ours, theirs, _) = setup.two_processes().await;
    let expiry = || measured.gauge("token_expiry_timestamp_seconds").unwrap();
    assert!(expiry() > 0.0);
    _ = theirs.logout().await.unwrap();
    advance(50 * MINUTE).await;
    let _ = ours.token().await;
    advance(SECOND).await;
    assert!(ours.current().is_none());
    assert_eq!(expiry(), 0.0);

    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    assert!(expiry() > 0.0);
    setup.server.then_refuse("disabled");
    ask_in_vain(&cache).await;
    assert!(cache.current().is_none(), "the vendor revoked it");
    assert_eq!(expiry(), 0.0);
}

async fn ask_in_vain(cache: &token_cache::TokenCache) {
    drop(cache.token_within(IMPATIENT).await);
    advance(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn waiters_are_counted_while_they_wait() {
    measure!(measured);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let gate = setup.server.then_hold(When::BeforeProcessing);
    let callers: Vec<_> = (0..7).map(|_| spawn_token(&cache)).collect();
    gate.reached().await;
    assert_eq!(measured.gauge("waiters"), Some(7.0));
    assert_eq!(cache.health().waiters, 7);
    callers[0].abort();
    advance(SECOND).await;
    assert_eq!(measured.gauge("waiters"), Some(6.0));
    gate.open();
    for caller in callers.into_iter().skip(1) {
        caller.await.unwrap().unwrap();
    }
    assert_eq!(measured.gauge("waiters"), Some(0.0));
    cache.token().await.unwrap();
    assert_eq!(cache.health().waiters, 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_did_not_take_is_counted_until_it_does_or_the_grant_ends() {
    measure!(measured);
    for ends in ["it recovers", "logout", "drop"] {
        let setup = Setup::new(Acme::single_use());
        let cache = setup.due_cache().await;
        setup.store.fail([Op::Commit]);
        ask(&cache).await;
        assert_eq!(measured.gauge("unpersisted"), Some(1.0), "{ends}");
        assert!(cache.health().unpersisted);
        match ends {
            "it recovers" => setup.store.recover(),
            "logout" => drop(cache.logout().await.unwrap()),
            _ => drop(cache),
        }
        advance(20 * MINUTE).await;
        assert_eq!(measured.gauge("unpersisted"), Some(0.0), "{ends}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stores_operations_are_measured_and_the_wait_for_the_lease() {
    measure!(measured);
    let setup = Setup::new(Acme::single_use());
    setup.server.latency(2 * SECOND);
    let (ours, (theirs, _)) = (setup.cache(), setup.other_process());
    let (first, second) = tokio::join!(ours.token(), theirs.token());
    assert!(first.is_ok() && second.is_ok());
    let stored = |operation: &str, outcome: &str| {
        measured.of(&format!(
            "vendor_auth_store_duration_seconds_count{{store=\"FaultyStore\",\
             operation=\"{operation}\",outcome=\"{outcome}\"}}"
        ))
    };
    for operation in ["acquire", "write_intent", "commit", "release"] {
        assert!(stored(operation, "ok").unwrap() >= 1.0, "{operation}");
    }
    let waited = |part: &str| {
        let series = format!("vendor_auth_lease_wait_seconds_{part}{{store=\"FaultyStore\"}}");
        measured.of(&series).unwrap()
    };
    assert_eq!(waited("count"), 2.0);
    assert!((2.0..2.6).contains(&waited("sum")), "{}", waited("sum"));
    advance(50 * MINUTE).await;
    setup.store.fail([Op::Acquire]);
    ask(&ours).await;
    assert_eq!(stored("acquire", "error"), Some(1.0));
    setup
        .store
        .fail_with([Op::Acquire], &crate::acme::StoreFault::Hangs);
    advance(5 * MINUTE).await;
    ask(&ours).await;
    advance(6 * SECOND).await;
    assert_eq!(stored("acquire", "timeout"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn refusals_of_apis_are_counted_with_whether_the_request_is_sent_again() {
    measure!(measured);
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    let answer = async |call: &mut token_cache::ApiCall<'_>, status: u16, says: &'static str| {
        let request = Request::get("https://api.acme.example/v1/things").body(());
        let mut parts = request.unwrap().into_parts().0;
        call.authorize(&mut parts, &mut ApiBody::of(b"")).await?;
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_static(says))]);
        let status = StatusCode::from_u16(status).unwrap();
        call.judge(&ApiResponse::new(status, &headers, None), true)
    };
    let mut call = cache.api_call();
    let first = answer(&mut call, 401, "Bearer").await.unwrap();
    assert_eq!(first, Answered::SendAgain);
    assert_eq!(measured.refused("token_refused", true), Some(1.0));
    let again = answer(&mut call, 401, "Bearer").await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::RefusedAgain);
    assert_eq!(measured.refused("token_refused", false), Some(1.0));
    advance(10 * MINUTE).await;
    let mut call = cache.api_call();
    let scope = "Bearer error=\"insufficient_scope\"";
    _ = answer(&mut call, 403, scope).await.unwrap();
    _ = answer(&mut call, 429, "Bearer").await.unwrap();
    _ = answer(&mut call, 500, "Bearer").await.unwrap();
    assert_eq!(measured.refused("insufficient_scope", false), Some(1.0));
    assert_eq!(measured.refused("throttled", false), Some(1.0));
    let refused = cache
        .with_token(async |_| Err::<(), ()>(()), Result::is_err)
        .await;
    assert!(refused.is_err());
    assert_eq!(measured.refused("token_refused", true), Some(2.0));
    assert_eq!(measured.refused("token_refused", false), Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_which_nothing_is_sent_counts_as_not_replayed() {
    measure!(measured);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache_with(|builder| builder.wait_timeout(IMPATIENT));
    let refusing = || cache.with_token(async |_| Err::<(), ()>(()), Result::is_err);
    assert!(refusing().await.is_err());
    assert_eq!(measured.refused("token_refused", true), Some(1.0));
    assert_eq!(measured.refused("token_refused", false), Some(1.0));
    let mut call = cache.api_call();
    let request = Request::get("https://api.acme.example/v1/things").body(());
    let mut parts = request.unwrap().into_parts().0;
    let authorized = call.authorize(&mut parts, &mut ApiBody::of(b"")).await;
    authorized.unwrap();
    let headers = HeaderMap::new();
    let answer = ApiResponse::new(StatusCode::UNAUTHORIZED, &headers, None);
    assert!(call.judge(&answer, true).is_err(), "it is not at fault");
    assert_eq!(measured.refused("token_refused", false), Some(2.0));
    setup.server.revoke_grant();
    advance(2 * SECOND).await;
    assert!(refusing().await.is_err(), "no token follows");
    assert_eq!(measured.refused("token_refused", true), Some(1.0));
    assert_eq!(measured.refused("token_refused", false), Some(3.0));
}

#[tokio::test(start_paused = true)]
async fn the_expiry_of_a_session_moves_with_its_uses() {
    measure!(measured);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.empty_cache();
    let sliding = Validity::sliding(setup.clock.now().wall, 30 * MINUTE);
    let session = setup.server.grant().with_validity(sliding);
    cache.set_token(session).await.unwrap();
    advance(10 * MINUTE).await;
    let used = cache.with_token(async |_| Ok::<_, ()>(()), |_| false).await;
    assert!(used.is_ok());
    let expiry = measured.gauge("token_expiry_timestamp_seconds");
    assert_eq!(expiry, Some(1_700_000_000.0 + 2400.0));
}
