//! The endpoint against a simulated server, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod clocks;
mod refusals;

use std::time::Duration;

use enos_apim_auth::{EnosApim, EnosApimBuilder, TimestampAs};
use token_core::reexports::{Bytes, http};
use token_core::{
    ApiBody, Error, ErrorKind, HttpClient, Outcome, Request, Timestamp, Token, TokenEndpoint,
    Validity,
};
use token_reqwest::ReqwestClient;
use token_sim::{
    Echo, EnosServer, EnosServerBuilder, Fault, OldToken, SimClock, StatusSpelling, Tls,
};
use token_testkit::{attempt, call};

const START: i64 = 1_700_000_000_000;
const WITHIN: Duration = Duration::from_secs(20);

/// A simulator, the endpoint under test, and a client between them.
struct Setup {
    sim: EnosServer,
    endpoint: EnosApim,
    http: ReqwestClient,
}

impl Setup {
    async fn new() -> Self {
        Self::of(EnosServer::builder(), |builder| builder).await
    }

    async fn of(
        server: EnosServerBuilder,
        configure: impl FnOnce(EnosApimBuilder) -> EnosApimBuilder,
    ) -> Self {
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let endpoint = configure(described(&sim).allow_plain_http())
            .build()
            .unwrap();
        let http = ReqwestClient::new().unwrap();
        Self {
            sim,
            endpoint,
            http,
        }
    }

    async fn over_tls() -> Self {
        let tls = Tls::new().unwrap();
        let server = EnosServer::builder().tls(tls.clone());
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let endpoint = described(&sim).build().unwrap();
        let trusting = ReqwestClient::builder().add_root_certificates_pem(tls.ca_pem());
        let http = trusting.only_added_root_certificates().build().unwrap();
        Self {
            sim,
            endpoint,
            http,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.sim.clock().now_ms())
    }

    /// Advances the clock, so that the next digest differs.
    fn later(&self) -> Timestamp {
        self.sim.clock().advance(Duration::from_millis(1));
        self.now()
    }

    async fn exchange(&self, request: &Request, now: Timestamp) -> Result<Outcome, Error> {
        token_testkit::exchange(&self.endpoint, &self.http, request, now).await
    }

    async fn get(&self) -> Result<Token, Error> {
        let now = self.later();
        let request = self.endpoint.login(&attempt(now, 1)).unwrap()?;
        issued(self.exchange(&request, now).await?)
    }

    async fn refresh(&self, token: &Token) -> Result<Token, Error> {
        let now = self.later();
        let request = self.endpoint.refresh(token, &attempt(now, 1))?;
        Ok(issued(self.exchange(&request, now).await?)?.merged_with_previous(token))
    }

    /// The resource's status for a request authorized with the token.
    async fn call(
        &self,
        token: &Token,
        method: &str,
        query: &str,
        content_type: &str,
        body: &'static str,
    ) -> u16 {
        let url = format!("{}{query}", self.sim.resource_url());
        let request = http::Request::builder().method(method).uri(url);
        let request = request.header("content-type", content_type);
        let request = request.body(Bytes::from(body)).unwrap();
        let response = call(&self.endpoint, &self.http, token, request, self.now()).await;
        response.unwrap().status().as_u16()
    }
}

fn described(sim: &EnosServer) -> EnosApimBuilder {
    EnosApim::builder(sim.base_url())
        .app_key(sim.app_key())
        .app_secret(sim.app_secret())
}

fn issued(outcome: Outcome) -> Result<Token, Error> {
    match outcome {
        Outcome::Issued(token) => Ok(token),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_is_got_used_refreshed_and_used_again() {
    let setup = Setup::new().await;
    let first = setup.get().await.unwrap();
    assert_eq!(
        setup
            .call(&first, "GET", "?b=2&a=1", "application/json", "")
            .await,
        200
    );
    let second = setup.refresh(&first).await.unwrap();
    assert!(!second.access().same_as(first.access()));
    assert_eq!(second.generation(), first.generation().next());
    assert_eq!(
        setup.call(&second, "GET", "", "application/json", "").await,
        200
    );
    assert_eq!(
        setup.call(&first, "GET", "", "application/json", "").await,
        401
    );
}

#[tokio::test]
async fn a_get_answers_with_the_living_token_and_what_is_left_of_its_life() {
    let setup = Setup::new().await;
    let first = setup.get().await.unwrap();
    setup.sim.clock().advance(Duration::from_secs(3600));
    let again = setup.get().await.unwrap();
    assert!(again.access().same_as(first.access()));
    let left = again.validity().expires_at().since(setup.now());
    assert!((3598..=3600).contains(&left.as_secs()), "{left:?}");
}

#[tokio::test]
async fn every_spelling_of_the_status_and_both_kinds_of_timestamp_are_understood() {
    for spelling in [
        StatusSpelling::AsInSamples,
        StatusSpelling::Status,
        StatusSpelling::Stauts,
    ] {
        for timestamp_as in [TimestampAs::Number, TimestampAs::Text] {
            let server = EnosServer::builder().status_spelling(spelling);
            let setup = Setup::of(server, |builder| builder.timestamp_as(timestamp_as)).await;
            let token = setup.get().await.unwrap();
            assert!(
                setup.refresh(&token).await.is_ok(),
                "{spelling:?} {timestamp_as:?}"
            );
        }
    }
}

#[tokio::test]
async fn requests_are_signed_as_the_gateway_checks_them() {
    let setup = Setup::new().await;
    let token = setup.get().await.unwrap();
    let json = "application/json;charset=UTF-8";
    for (query, body) in [
        ("?orgId=o1&action=search", r#"{"pagination":{"pageNo":1}}"#),
        ("?name=%E6%8F%8F%20x&A=1&a=2", "{\n  \"desc\": \"描述\"\n}"),
        ("", "{}"),
        ("?z=&a=%2F%3D%26", ""),
    ] {
        assert_eq!(
            setup.call(&token, "POST", query, json, body).await,
            200,
            "{query}"
        );
    }
    let upload = "multipart/form-data; boundary=x";
    assert_eq!(
        setup.call(&token, "POST", "?a=1", upload, "--x--").await,
        200
    );
}

#[tokio::test]
async fn a_signature_over_another_body_is_refused() {
    let setup = Setup::new().await;
    let token = setup.get().await.unwrap();
    let mut parts = http::Request::post(setup.sim.resource_url())
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let attempt = attempt(setup.now(), 1);
    setup
        .endpoint
        .authorize(&token, &mut parts, &mut ApiBody::of(b"{}"), &attempt)
        .unwrap();
    let request = http::Request::from_parts(parts, Bytes::from_static(b"{ }"));
    assert_eq!(
        setup.http.send(request, WITHIN).await.unwrap().status(),
        401
    );
}

#[tokio::test]
async fn a_token_that_died_is_rejected_and_a_get_brings_another() {
    let setup = Setup::new().await;
    let token = setup.get().await.unwrap();
    setup.sim.revoke_access_token();
    let dead = setup.refresh(&token).await.unwrap_err();
    assert_eq!(
        (dead.kind(), dead.code()),
        (ErrorKind::Rejected, Some("1204"))
    );
    let token = setup.get().await.unwrap();
    setup.sim.clock().advance(Duration::from_secs(7201));
    let expired = setup.refresh(&token).await.unwrap_err();
    assert_eq!(
        (expired.kind(), expired.code()),
        (ErrorKind::Rejected, Some("1203"))
    );
    assert!(setup.get().await.is_ok());
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_secret_are_the_configuration() {
    let unknown = Setup::of(EnosServer::builder(), |ours| ours.app_key("another")).await;
    assert_eq!(unknown.get().await.unwrap_err().code(), Some("1002"));
    let wrong = Setup::of(EnosServer::builder(), |ours| ours.app_secret("another")).await;
    let error = wrong.get().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("1003"))
    );
}

// FAULTS.md row 26
#[tokio::test]
async fn a_refusal_that_quotes_the_token_is_scrubbed() {
    for echo in [Echo::Raw, Echo::Percent, Echo::Base64] {
        let setup = Setup::new().await;
        let token = setup.get().await.unwrap();
        setup.sim.fault(Fault::echo(echo));
        let error = setup.refresh(&token).await.unwrap_err();
        assert!(error.message().unwrap().contains("[scrubbed]"), "{error}");
        assert!(!format!("{error} {error:?}").contains(token.access().expose()));
    }
}

#[tokio::test]
async fn an_old_token_that_lives_on_is_still_used() {
    let server = EnosServer::builder().old_token(OldToken::StaysValid);
    let setup = Setup::of(server, |builder| builder).await;
    let first = setup.get().await.unwrap();
    setup.refresh(&first).await.unwrap();
    assert_eq!(
        setup.call(&first, "GET", "", "application/json", "").await,
        200
    );
    let unknown = Token::builder("never-issued".into(), Validity::expired())
        .build()
        .unwrap();
    assert_eq!(
        setup
            .call(&unknown, "GET", "", "application/json", "")
            .await,
        401
    );
}
