//! Requests to an API with the token: where it goes, and what follows a refusal.

use std::time::Duration;

use token_cache::{Answered, ApiCall, TokenCache, WithoutToken};
use token_core::reexports::http::request::Parts;
use token_core::reexports::http::{HeaderMap, HeaderValue, Request, StatusCode};
use token_core::{ApiBody, ApiResponse, Error, ErrorKind, Rotation, Secret, Step};

use crate::acme::{Acme, AcmeServer, Setup, advance};

const URL: &str = "https://api.acme.example/v1/things?page=2";
const SECOND: Duration = Duration::from_secs(1);

fn request(url: &str) -> Parts {
    Request::get(url).body(()).unwrap().into_parts().0
}

/// Authorizes a request and returns the API's status: 401 unless the vendor accepts the token.
async fn send(call: &mut ApiCall<'_>, server: &AcmeServer) -> Result<StatusCode, Error> {
    let mut parts = request(URL);
    call.authorize(&mut parts, &mut ApiBody::of(b"")).await?;
    let header = parts.headers["authorization"].to_str().unwrap();
    let token = Secret::from(header.strip_prefix("Bearer ").unwrap());
    match server.accepts(&token) {
        true => Ok(StatusCode::OK),
        false => Ok(StatusCode::UNAUTHORIZED),
    }
}

fn judge(call: &mut ApiCall<'_>, status: StatusCode, has_copy: bool) -> Result<Answered, Error> {
    call.judge(&ApiResponse::new(status, &HeaderMap::new(), None), has_copy)
}

/// What an adapter does, for an API that refuses by status.
async fn call_api(tokens: &TokenCache, server: &AcmeServer) -> Result<StatusCode, Error> {
    let mut call = tokens.api_call();
    loop {
        let status = send(&mut call, server).await?;
        if judge(&mut call, status, true)? == Answered::Final {
            return Ok(status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_and_the_request_is_sent_once_more() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    assert_eq!(
        call_api(&cache, &setup.server).await.unwrap(),
        StatusCode::OK
    );
    setup.server.revoke_access_tokens();
    assert_eq!(
        call_api(&cache, &setup.server).await.unwrap(),
        StatusCode::OK
    );
    assert_eq!(setup.server.count("/refresh"), 2);
    let reasons: Vec<_> = setup
        .server
        .requests()
        .into_iter()
        .map(|sent| sent.reason)
        .collect();
    assert_eq!(reasons, ["First", "Refused"]);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_refuses_every_token_costs_one_exchange_per_pause_and_is_told() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    cache.token().await.unwrap();
    for _ in 0..1000 {
        let mut call = cache.api_call();
        let error = loop {
            if let Err(error) = send(&mut call, &setup.server).await {
                break error;
            }
            match judge(&mut call, StatusCode::UNAUTHORIZED, true) {
                Ok(answered) => assert_eq!(answered, Answered::SendAgain),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::RefusedAgain, "{error}");
        assert_eq!(error.step(), Some(Step::Api));
        assert_eq!(error.host(), Some("api.acme.example"));
        assert_eq!(error.path(), Some("/v1/things"));
        advance(SECOND / 100).await;
    }
    let exchanges = setup.server.count("/refresh");
    assert!(
        (2..=6).contains(&exchanges),
        "{exchanges} exchanges in 10 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_sent_again_gets_a_clear_error_and_the_next_a_new_token() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    cache.token().await.unwrap();
    setup.server.revoke_access_tokens();
    let mut call = cache.api_call();
    let status = send(&mut call, &setup.server).await.unwrap();
    let error = judge(&mut call, status, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient { after: None });
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert!(error.to_string().contains("is a stream"), "{error}");
    assert_eq!(
        call_api(&cache, &setup.server).await.unwrap(),
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_about_the_token_is_returned() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    for status in [200, 204, 302, 400, 403, 404, 429, 500, 503] {
        let mut call = cache.api_call();
        send(&mut call, &setup.server).await.unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(judge(&mut call, status, true).unwrap(), Answered::Final);
    }
    assert_eq!(setup.server.count("/refresh"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_token_goes_to_no_other_scheme_host_or_port() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    for url in [
        "http://api.acme.example/v1/things",
        "https://api.acme.example:8443/v1/things",
        "https://other.example/v1/things",
        "https://api.acme.example.evil.example/",
        "https://api.acme.example@evil.example/",
        "/v1/things",
    ] {
        let mut parts = request(url);
        let (mut call, mut body) = (cache.api_call(), ApiBody::of(b""));
        let error = call.authorize(&mut parts, &mut body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        let by_hand = cache.authorize(&mut parts, &mut body).await;
        assert_eq!(by_hand.unwrap_err().kind(), ErrorKind::Config, "{url}");
        assert!(parts.headers.is_empty(), "{url}");
    }
    assert_eq!(setup.server.count("/refresh"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_the_program_names_gets_the_token() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let builder = setup
        .builder(&setup.store)
        .initial_token(setup.server.grant());
    let cache = builder
        .api_url("https://other.example/base")
        .build()
        .unwrap();
    for url in [URL, "https://other.example/any?q=1"] {
        let mut parts = request(url);
        cache
            .authorize(&mut parts, &mut ApiBody::of(b""))
            .await
            .unwrap();
        assert!(parts.headers.contains_key("authorization"), "{url}");
    }
    for url in ["http://other.example", "other.example", ""] {
        let built = setup.builder(&setup.store).api_url(url).build();
        let error = built.unwrap_err();
        assert_eq!(error.field(), "api_url");
        assert!(error.to_string().contains("`api_origin`"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_for_another_origin_names_its_scheme_and_the_setting_that_takes_it() {
    let cache = Setup::new(Acme::with(Rotation::Idempotent)).cache();
    for (url, says) in [
        (
            "https://other.example/x",
            "by https://: name it with `api_url`",
        ),
        (
            &URL.replace("https:", "http:"),
            "by http://: name it with `api_origin`",
        ),
    ] {
        let refused = cache
            .authorize(&mut request(url), &mut ApiBody::of(b""))
            .await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_with_its_own_authorization_or_without_the_token_is_left_alone() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    let mut own = request(URL);
    let value = HeaderValue::from_static("Basic own");
    own.headers.insert("authorization", value.clone());
    let mut without = request("https://elsewhere.example/");
    without.extensions.insert(WithoutToken);
    for mut parts in [own, without] {
        let before = parts.headers.clone();
        let mut call = cache.api_call();
        call.authorize(&mut parts, &mut ApiBody::of(b""))
            .await
            .unwrap();
        assert_eq!(parts.headers, before);
        assert!(!call.is_authorized());
        assert_eq!(call.needs_body(StatusCode::OK, &HeaderMap::new()), None);
        let answered = judge(&mut call, StatusCode::UNAUTHORIZED, true).unwrap();
        assert_eq!(answered, Answered::Final);
    }
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn any_client_can_be_called_with_the_token_and_once_more() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    cache.token().await.unwrap();
    setup.server.revoke_access_tokens();
    let server = setup.server.clone();
    // Spawned: the future can be sent to another thread.
    let calling = tokio::spawn(async move {
        let call = async |token: token_cache::TokenGuard| match server.accepts(token.access()) {
            true => Ok(7),
            false => Err(401),
        };
        cache
            .with_token(call, |result| matches!(result, Err(401)))
            .await
    });
    assert_eq!(calling.await.unwrap().unwrap(), Ok(7));
    assert_eq!(setup.server.count("/refresh"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_refuses_every_token_is_called_twice_and_its_other_errors_are_returned() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache();
    let calls = std::sync::atomic::AtomicU32::new(0);
    let refusing = async |_| {
        calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Err::<(), u16>(401)
    };
    let refused = cache
        .with_token(refusing, |result| matches!(result, Err(401)))
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::RefusedAgain);
    assert_eq!(calls.into_inner(), 2);
    let failing = async |_| Err::<(), u16>(503);
    let failed = cache
        .with_token(failing, |result| matches!(result, Err(401)))
        .await;
    assert_eq!(failed.unwrap(), Err(503));
}
