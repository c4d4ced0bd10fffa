//! The endpoint against a server that somebody else read the documents for, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use enos_apim_auth::{EnosApim, EnosApimBuilder, TimestampAs};
use token_core::reexports::{Bytes, http};
use token_core::{
    Error, ErrorKind, HttpClient, Outcome, Request, Timestamp, Token, TokenEndpoint, Validity,
};
use token_reqwest::ReqwestClient;
use token_sim::{Echo, Fault, OldToken, SimClock, StatusSpelling, Tls};
use token_testkit::{attempt, exchange};

const START: i64 = 1_700_000_000_000;
const WITHIN: Duration = Duration::from_secs(20);

/// The simulator, our side of it, and a client between them.
struct Scene {
    sim: token_sim::EnosServer,
    ours: EnosApim,
    http: ReqwestClient,
}

impl Scene {
    async fn new() -> Self {
        Self::of(token_sim::EnosServer::builder(), |ours| ours).await
    }

    async fn of(
        server: token_sim::EnosServerBuilder,
        configure: impl FnOnce(EnosApimBuilder) -> EnosApimBuilder,
    ) -> Self {
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let ours = configure(described(&sim).allow_plain_http())
            .build()
            .unwrap();
        let http = ReqwestClient::new().unwrap();
        Self { sim, ours, http }
    }

    async fn over_tls() -> Self {
        let tls = Tls::new().unwrap();
        let server = token_sim::EnosServer::builder().tls(tls.clone());
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let ours = described(&sim).build().unwrap();
        let trusting = ReqwestClient::builder().add_root_certificates_pem(tls.ca_pem());
        let http = trusting.only_added_root_certificates().build().unwrap();
        Self { sim, ours, http }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.sim.clock().now_ms())
    }

    /// Lets a moment pass, so that the next digest is another.
    fn later(&self) -> Timestamp {
        self.sim.clock().advance(Duration::from_millis(1));
        self.now()
    }

    async fn ask(&self, request: &Request, now: Timestamp) -> Result<Outcome, Error> {
        exchange(&self.ours, &self.http, request, now).await
    }

    async fn get(&self) -> Result<Token, Error> {
        let now = self.later();
        let request = self.ours.login(&attempt(now, 1)).unwrap()?;
        issued(self.ask(&request, now).await?)
    }

    async fn refresh(&self, token: &Token) -> Result<Token, Error> {
        let now = self.later();
        let request = self.ours.refresh(token, &attempt(now, 1))?;
        Ok(issued(self.ask(&request, now).await?)?.merged_with_previous(token))
    }

    /// The resource's status for a request like this, authorized with the token.
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
        let request = request
            .header("content-type", content_type)
            .body(())
            .unwrap();
        let mut parts = request.into_parts().0;
        let attempt = attempt(self.now(), 1);
        self.ours
            .authorize(token, &mut parts, body.as_bytes(), &attempt)
            .unwrap();
        let request = http::Request::from_parts(parts, Bytes::from(body));
        self.http
            .send(request, WITHIN)
            .await
            .unwrap()
            .status()
            .as_u16()
    }
}

fn described(sim: &token_sim::EnosServer) -> EnosApimBuilder {
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
    let scene = Scene::new().await;
    let first = scene.get().await.unwrap();
    assert_eq!(
        scene
            .call(&first, "GET", "?b=2&a=1", "application/json", "")
            .await,
        200
    );
    let second = scene.refresh(&first).await.unwrap();
    assert!(!second.access().same_as(first.access()));
    assert_eq!(second.generation(), first.generation().next());
    assert_eq!(
        scene.call(&second, "GET", "", "application/json", "").await,
        200
    );
    assert_eq!(
        scene.call(&first, "GET", "", "application/json", "").await,
        401
    );
}

#[tokio::test]
async fn a_get_answers_with_the_living_token_and_what_is_left_of_its_life() {
    let scene = Scene::new().await;
    let first = scene.get().await.unwrap();
    scene.sim.clock().advance(Duration::from_secs(3600));
    let again = scene.get().await.unwrap();
    assert!(again.access().same_as(first.access()));
    let left = again.validity().expires_at().since(scene.now());
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
            let server = token_sim::EnosServer::builder().status_spelling(spelling);
            let scene = Scene::of(server, |ours| ours.timestamp_as(timestamp_as)).await;
            let token = scene.get().await.unwrap();
            assert!(
                scene.refresh(&token).await.is_ok(),
                "{spelling:?} {timestamp_as:?}"
            );
        }
    }
}

#[tokio::test]
async fn requests_are_signed_as_the_gateway_checks_them() {
    let scene = Scene::new().await;
    let token = scene.get().await.unwrap();
    let json = "application/json;charset=UTF-8";
    for (query, body) in [
        ("?orgId=o1&action=search", r#"{"pagination":{"pageNo":1}}"#),
        ("?name=%E6%8F%8F%20x&A=1&a=2", "{\n  \"desc\": \"描述\"\n}"),
        ("", "{}"),
        ("?z=&a=%2F%3D%26", ""),
    ] {
        assert_eq!(
            scene.call(&token, "POST", query, json, body).await,
            200,
            "{query}"
        );
    }
    let upload = "multipart/form-data; boundary=x";
    assert_eq!(
        scene.call(&token, "POST", "?a=1", upload, "--x--").await,
        200
    );
}

#[tokio::test]
async fn a_signature_over_another_body_is_refused() {
    let scene = Scene::new().await;
    let token = scene.get().await.unwrap();
    let mut parts = http::Request::post(scene.sim.resource_url())
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let attempt = attempt(scene.now(), 1);
    scene
        .ours
        .authorize(&token, &mut parts, b"{}", &attempt)
        .unwrap();
    let request = http::Request::from_parts(parts, Bytes::from_static(b"{ }"));
    assert_eq!(
        scene.http.send(request, WITHIN).await.unwrap().status(),
        401
    );
}

// FAULTS.md row 20
#[tokio::test]
async fn a_digest_signed_with_a_skewed_clock_is_signed_again_with_the_servers_time() {
    let scene = Scene::over_tls().await;
    let slow = scene.now().shifted(-3_600_000);
    let request = scene.ours.login(&attempt(slow, 1)).unwrap().unwrap();
    let Outcome::Retry(error) = scene.ask(&request, slow).await.unwrap() else {
        panic!("not tried again");
    };
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("1003"))
    );
    let request = scene.ours.login(&attempt(scene.now(), 2)).unwrap().unwrap();
    assert!(issued(scene.ask(&request, slow).await.unwrap()).is_ok());
}

// FAULTS.md row 20
#[tokio::test]
async fn a_date_that_came_without_tls_is_not_believed() {
    let scene = Scene::new().await;
    let slow = scene.now().shifted(-3_600_000);
    let request = scene.ours.login(&attempt(slow, 1)).unwrap().unwrap();
    assert_eq!(
        scene.ask(&request, slow).await.unwrap_err().kind(),
        ErrorKind::Config
    );
}

// FAULTS.md row 44
#[tokio::test]
async fn a_duplicated_encryption_passes_with_a_later_timestamp() {
    let scene = Scene::new().await;
    let now = scene.later();
    let request = scene.ours.login(&attempt(now, 1)).unwrap().unwrap();
    let token = issued(scene.ask(&request, now).await.unwrap()).unwrap();
    let refresh = scene.ours.refresh(&token, &attempt(now, 2)).unwrap();
    let Outcome::Retry(error) = scene.ask(&refresh, now).await.unwrap() else {
        panic!("get and refresh in one millisecond have one digest, and it was taken twice");
    };
    assert_eq!(error.code(), Some("1001"));
    assert!(scene.refresh(&token).await.is_ok());
}

#[tokio::test]
async fn a_token_that_died_is_rejected_and_a_get_brings_another() {
    let scene = Scene::new().await;
    let token = scene.get().await.unwrap();
    scene.sim.revoke_access_token();
    let dead = scene.refresh(&token).await.unwrap_err();
    assert_eq!(
        (dead.kind(), dead.code()),
        (ErrorKind::Rejected, Some("1204"))
    );
    let token = scene.get().await.unwrap();
    scene.sim.clock().advance(Duration::from_secs(7201));
    let expired = scene.refresh(&token).await.unwrap_err();
    assert_eq!(
        (expired.kind(), expired.code()),
        (ErrorKind::Rejected, Some("1203"))
    );
    assert!(scene.get().await.is_ok());
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_secret_are_the_configuration() {
    let unknown = Scene::of(token_sim::EnosServer::builder(), |ours| {
        ours.app_key("another")
    })
    .await;
    assert_eq!(unknown.get().await.unwrap_err().code(), Some("1002"));
    let wrong = Scene::of(token_sim::EnosServer::builder(), |ours| {
        ours.app_secret("another")
    })
    .await;
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
        let scene = Scene::new().await;
        let token = scene.get().await.unwrap();
        scene.sim.fault(Fault::echo(echo));
        let error = scene.refresh(&token).await.unwrap_err();
        assert!(error.message().unwrap().contains("[scrubbed]"), "{error}");
        assert!(!format!("{error} {error:?}").contains(token.access().expose()));
    }
}

#[tokio::test]
async fn an_old_token_that_lives_on_is_still_used() {
    let server = token_sim::EnosServer::builder().old_token(OldToken::Lives);
    let scene = Scene::of(server, |ours| ours).await;
    let first = scene.get().await.unwrap();
    scene.refresh(&first).await.unwrap();
    assert_eq!(
        scene.call(&first, "GET", "", "application/json", "").await,
        200
    );
    let unknown = Token::builder("never-issued".into(), Validity::expired())
        .build()
        .unwrap();
    assert_eq!(
        scene
            .call(&unknown, "GET", "", "application/json", "")
            .await,
        401
    );
}
