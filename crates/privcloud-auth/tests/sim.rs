//! The endpoint against a server that somebody else read the documents for, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use privcloud_auth::{Dialect, PrivateCloud};
use token_core::reexports::{Bytes, http};
use token_core::{
    Error, ErrorKind, HttpClient, Outcome, Request, Secret, Timestamp, Token, TokenEndpoint,
};
use token_reqwest::ReqwestClient;
use token_sim::{Echo, ErrorShape, Fault, Rotation, SimClock};
use token_testkit::{attempt, exchange};

const START: i64 = 1_700_000_000_000;
const WITHIN: Duration = Duration::from_secs(20);
const CALLBACK: &str = "https://app.example/callback";
const DATA: &str = "x7Qf-2hL_9";

/// The simulator, our side of it, and a client between them.
struct Scene {
    sim: token_sim::PrivateCloudServer,
    ours: PrivateCloud,
    http: ReqwestClient,
}

impl Scene {
    async fn new() -> Self {
        Self::of(token_sim::PrivateCloudServer::builder(), Dialect::default()).await
    }

    async fn refusing_by(shape: ErrorShape) -> Self {
        Self::of(
            token_sim::PrivateCloudServer::builder().errors(shape),
            Dialect::default(),
        )
        .await
    }

    async fn of(server: token_sim::PrivateCloudServerBuilder, dialect: Dialect) -> Self {
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let ours = PrivateCloud::builder(sim.base_url())
            .allow_plain_http()
            .client_id(sim.client_id())
            .client_secret(sim.client_secret())
            .account("alice")
            .dialect(dialect)
            .build()
            .unwrap();
        let http = ReqwestClient::new().unwrap();
        Self { sim, ours, http }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.sim.clock().now_ms())
    }

    async fn ask(&self, request: &Request) -> Result<Token, Error> {
        match exchange(&self.ours, &self.http, request, self.now()).await? {
            Outcome::Issued(token) => Ok(token),
            other => panic!("{other:?}"),
        }
    }

    /// What the browser comes back with after a person consented.
    async fn consent(&self) -> String {
        let url = self.ours.authorize_url(CALLBACK, DATA).unwrap();
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        let answer = self.http.send(request, WITHIN).await.unwrap();
        assert_eq!(answer.status(), 302);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    async fn redeem(&self, code: Secret) -> Result<Token, Error> {
        let redemption = self.ours.redeem_code(code, CALLBACK);
        self.ask(&redemption.into_request(&attempt(self.now(), 1))?)
            .await
    }

    async fn token(&self) -> Token {
        let code = self.sim.authorization_code(CALLBACK);
        self.redeem(code.into()).await.unwrap()
    }

    async fn refresh(&self, token: &Token) -> Result<Token, Error> {
        let request = self.ours.refresh(token, &attempt(self.now(), 1))?;
        Ok(self.ask(&request).await?.merged_with_previous(token))
    }

    async fn call(&self, token: &Token) -> u16 {
        let mut parts = http::Request::get(self.sim.resource_url())
            .body(())
            .unwrap()
            .into_parts()
            .0;
        self.ours
            .authorize(token, &mut parts, b"", &attempt(self.now(), 1))
            .unwrap();
        let request = http::Request::from_parts(parts, Bytes::new());
        self.http
            .send(request, WITHIN)
            .await
            .unwrap()
            .status()
            .as_u16()
    }
}

#[tokio::test]
async fn a_person_consents_the_code_is_redeemed_and_the_token_is_used_and_refreshed() {
    let scene = Scene::new().await;
    let redirect = scene.consent().await;
    let code = scene.ours.read_redirect(&redirect, DATA).unwrap();
    let first = scene.redeem(code).await.unwrap();
    assert_eq!(scene.call(&first).await, 200);
    scene.sim.clock().advance(Duration::from_secs(3600));
    assert_eq!(scene.call(&first).await, 401);
    let second = scene.refresh(&first).await.unwrap();
    assert_eq!(scene.call(&second).await, 200);
    assert_eq!(
        second.validity().expires_at().since(scene.now()),
        Duration::from_secs(3600)
    );
    assert!(!second.refresh().unwrap().same_as(first.refresh().unwrap()));
}

#[tokio::test]
async fn a_redirect_of_somebody_elses_session_is_refused() {
    let scene = Scene::new().await;
    let redirect = scene.consent().await;
    let refused = scene
        .ours
        .read_redirect(&redirect, "another-session")
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_code_is_burnt_by_its_first_use() {
    let scene = Scene::new().await;
    let code = Secret::from(scene.sim.authorization_code(CALLBACK));
    scene.redeem(code.clone()).await.unwrap();
    let again = scene.redeem(code).await.unwrap_err();
    assert_eq!(
        (again.kind(), again.code()),
        (ErrorKind::Rejected, Some("invalid_grant"))
    );
    let late = Secret::from(scene.sim.authorization_code(CALLBACK));
    scene.sim.clock().advance(Duration::from_secs(301));
    assert_eq!(
        scene.redeem(late).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn every_way_to_rotate_ends_with_a_refresh_token_that_works() {
    for rotation in [Rotation::SingleUse, Rotation::Never, Rotation::Repeat] {
        let server = token_sim::PrivateCloudServer::builder().rotation(rotation);
        let scene = Scene::of(server, Dialect::default()).await;
        let second = scene.refresh(&scene.token().await).await.unwrap();
        let third = scene.refresh(&second).await.unwrap();
        assert_eq!(scene.call(&third).await, 200, "{rotation:?}");
    }
}

#[tokio::test]
async fn a_dead_grant_is_rejected_where_the_deployment_says_so_and_retried_where_it_does_not() {
    for (shape, kind) in [
        (ErrorShape::OAuth, ErrorKind::Rejected),
        (ErrorShape::Code, ErrorKind::Protocol),
        (ErrorShape::Errcode, ErrorKind::Protocol),
        (ErrorShape::Empty, ErrorKind::Protocol),
        (ErrorShape::LoginPage, ErrorKind::InDoubt),
        (ErrorShape::LoginRedirect, ErrorKind::Protocol),
    ] {
        let scene = Scene::refusing_by(shape).await;
        let token = scene.token().await;
        scene.sim.kill_grant();
        assert_eq!(
            scene.refresh(&token).await.unwrap_err().kind(),
            kind,
            "{shape:?}"
        );
        assert_eq!(scene.call(&token).await, 200);
    }
}

#[tokio::test]
async fn a_deployment_is_spoken_to_in_its_own_words() {
    let server = token_sim::PrivateCloudServer::builder()
        .token_path("/v7/token.do")
        .refresh_path("/v7/renew.do")
        .access_token_field("token")
        .refresh_token_field("renew")
        .expires_in_field("ttl")
        .errors(ErrorShape::Errcode);
    let mut dialect = Dialect::default();
    dialect.paths.token = "/v7/token.do".into();
    dialect.paths.refresh = "/v7/renew.do".into();
    dialect.fields.access_token = vec!["token".into()];
    dialect.fields.refresh_token = vec!["renew".into()];
    dialect.fields.expires_in = vec!["ttl".into()];
    dialect.codes.rejected.push("400".into());
    let scene = Scene::of(server, dialect).await;
    let token = scene.refresh(&scene.token().await).await.unwrap();
    assert_eq!(scene.call(&token).await, 200);
    scene.sim.kill_grant();
    assert_eq!(
        scene.refresh(&token).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn a_wrong_client_secret_is_the_configuration() {
    let scene = Scene::new().await;
    let token = scene.token().await;
    let stranger = PrivateCloud::builder(scene.sim.base_url())
        .allow_plain_http()
        .client_id(scene.sim.client_id())
        .client_secret("another-secret")
        .account("alice")
        .build()
        .unwrap();
    let request = stranger.refresh(&token, &attempt(scene.now(), 1)).unwrap();
    let error = scene.ask(&request).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("invalid_client"))
    );
}

// FAULTS.md row 26
#[tokio::test]
async fn a_refusal_that_quotes_the_refresh_token_is_scrubbed() {
    for echo in [Echo::Raw, Echo::Percent, Echo::Base64] {
        let scene = Scene::new().await;
        let token = scene.token().await;
        scene.sim.fault(Fault::echo(echo));
        let error = scene.refresh(&token).await.unwrap_err();
        assert!(error.message().unwrap().contains("[scrubbed]"), "{error}");
        assert!(!format!("{error} {error:?}").contains(token.refresh().unwrap().expose()));
    }
}

// FAULTS.md row 29
#[tokio::test]
async fn a_redirect_takes_the_refresh_token_nowhere() {
    let scene = Scene::new().await;
    let elsewhere = Scene::new().await;
    let token = scene.token().await;
    for status in [302, 307] {
        scene
            .sim
            .fault(Fault::redirect(status, &elsewhere.sim.refresh_url()));
        let error = scene.refresh(&token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(
            !format!("{error} {error:?}").contains("refreshToken.do"),
            "{error:?}"
        );
    }
    assert_eq!(elsewhere.sim.connection_count(), 0);
    assert!(scene.refresh(&token).await.is_ok());
}
