//! The endpoint against a simulated server, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod refusals;

use std::time::Duration;

use privcloud_auth::{Dialect, PrivateCloud};
use token_core::reexports::{Bytes, http};
use token_core::{
    Error, ErrorKind, HttpClient, Outcome, Request, Secret, Timestamp, Token, TokenEndpoint,
};
use token_reqwest::ReqwestClient;
use token_sim::{Echo, ErrorShape, Fault, Rotation, SimClock};
use token_testkit::{attempt, call, exchange};

const START: i64 = 1_700_000_000_000;
const WITHIN: Duration = Duration::from_secs(20);
const CALLBACK: &str = "https://app.example/callback";
const DATA: &str = "x7Qf-2hL_9";

/// A simulator, the endpoint under test, and a client between them.
struct Setup {
    sim: token_sim::PrivateCloudServer,
    endpoint: PrivateCloud,
    http: ReqwestClient,
}

impl Setup {
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
        let endpoint = PrivateCloud::builder(sim.base_url())
            .allow_plain_http()
            .client_id(sim.client_id())
            .client_secret(sim.client_secret())
            .account("alice")
            .dialect(dialect)
            .build()
            .unwrap();
        let http = ReqwestClient::new().unwrap();
        Self {
            sim,
            endpoint,
            http,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.sim.clock().now_ms())
    }

    async fn issued(&self, request: &Request) -> Result<Token, Error> {
        match exchange(&self.endpoint, &self.http, request, self.now()).await? {
            Outcome::Issued(token) => Ok(token),
            other => panic!("{other:?}"),
        }
    }

    /// The redirect after a person consented.
    async fn consent(&self) -> String {
        let url = self.endpoint.authorize_url(CALLBACK, DATA).unwrap();
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        let answer = self.http.send(request, WITHIN).await.unwrap();
        assert_eq!(answer.status(), 302);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    async fn redeem(&self, code: Secret) -> Result<Token, Error> {
        let redemption = self.endpoint.redeem_code(code, CALLBACK);
        self.issued(&redemption.into_request(&attempt(self.now(), 1))?)
            .await
    }

    async fn token(&self) -> Token {
        let code = self.sim.authorization_code(CALLBACK);
        self.redeem(code.into()).await.unwrap()
    }

    async fn refresh(&self, token: &Token) -> Result<Token, Error> {
        let request = self.endpoint.refresh(token, &attempt(self.now(), 1))?;
        Ok(self.issued(&request).await?.merged_with_previous(token))
    }

    async fn call(&self, token: &Token) -> u16 {
        let request = http::Request::get(self.sim.resource_url()).body(Bytes::new());
        let (endpoint, http, now) = (&self.endpoint, &self.http, self.now());
        let response = call(endpoint, http, token, request.unwrap(), now).await;
        response.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn a_person_consents_the_code_is_redeemed_and_the_token_is_used_and_refreshed() {
    let setup = Setup::new().await;
    let redirect = setup.consent().await;
    let code = setup.endpoint.read_redirect(&redirect, DATA).unwrap();
    let first = setup.redeem(code).await.unwrap();
    assert_eq!(setup.call(&first).await, 200);
    setup.sim.clock().advance(Duration::from_secs(3600));
    assert_eq!(setup.call(&first).await, 401);
    let second = setup.refresh(&first).await.unwrap();
    assert_eq!(setup.call(&second).await, 200);
    assert_eq!(
        second.validity().expires_at().since(setup.now()),
        Duration::from_secs(3600)
    );
    assert!(!second.refresh().unwrap().same_as(first.refresh().unwrap()));
}

#[tokio::test]
async fn a_redirect_of_somebody_elses_session_is_refused() {
    let setup = Setup::new().await;
    let redirect = setup.consent().await;
    let refused = setup
        .endpoint
        .read_redirect(&redirect, "another-session")
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_code_is_burnt_by_its_first_use() {
    let setup = Setup::new().await;
    let code = Secret::from(setup.sim.authorization_code(CALLBACK));
    setup.redeem(code.clone()).await.unwrap();
    let again = setup.redeem(code).await.unwrap_err();
    assert_eq!(
        (again.kind(), again.code()),
        (ErrorKind::Rejected, Some("invalid_grant"))
    );
    let late = Secret::from(setup.sim.authorization_code(CALLBACK));
    setup.sim.clock().advance(Duration::from_secs(301));
    assert_eq!(
        setup.redeem(late).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn every_way_to_rotate_ends_with_a_refresh_token_that_works() {
    for rotation in [Rotation::SingleUse, Rotation::Never, Rotation::Repeat] {
        let server = token_sim::PrivateCloudServer::builder().rotation(rotation);
        let setup = Setup::of(server, Dialect::default()).await;
        let second = setup.refresh(&setup.token().await).await.unwrap();
        let third = setup.refresh(&second).await.unwrap();
        assert_eq!(setup.call(&third).await, 200, "{rotation:?}");
    }
}

#[tokio::test]
async fn a_revoked_grant_is_rejected_where_the_deployment_says_so_and_retried_where_it_does_not() {
    for (shape, kind) in [
        (ErrorShape::OAuth, ErrorKind::Rejected),
        (ErrorShape::Code, ErrorKind::Protocol),
        (ErrorShape::Errcode, ErrorKind::Protocol),
        (ErrorShape::Empty, ErrorKind::Protocol),
        (ErrorShape::LoginPage, ErrorKind::InDoubt),
        (ErrorShape::LoginRedirect, ErrorKind::Protocol),
    ] {
        let setup = Setup::refusing_by(shape).await;
        let token = setup.token().await;
        setup.sim.revoke_grant();
        assert_eq!(
            setup.refresh(&token).await.unwrap_err().kind(),
            kind,
            "{shape:?}"
        );
        assert_eq!(setup.call(&token).await, 200);
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
    let setup = Setup::of(server, dialect).await;
    let token = setup.refresh(&setup.token().await).await.unwrap();
    assert_eq!(setup.call(&token).await, 200);
    setup.sim.revoke_grant();
    assert_eq!(
        setup.refresh(&token).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn a_wrong_client_secret_is_the_configuration() {
    let setup = Setup::new().await;
    let token = setup.token().await;
    let stranger = PrivateCloud::builder(setup.sim.base_url())
        .allow_plain_http()
        .client_id(setup.sim.client_id())
        .client_secret("another-secret")
        .account("alice")
        .build()
        .unwrap();
    let request = stranger.refresh(&token, &attempt(setup.now(), 1)).unwrap();
    let error = setup.issued(&request).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("invalid_client"))
    );
}

// FAULTS.md row 26
#[tokio::test]
async fn a_refusal_that_quotes_the_refresh_token_is_scrubbed() {
    for echo in [Echo::Raw, Echo::Percent, Echo::Base64] {
        let setup = Setup::new().await;
        let token = setup.token().await;
        setup.sim.fault(Fault::echo(echo));
        let error = setup.refresh(&token).await.unwrap_err();
        assert!(error.message().unwrap().contains("[scrubbed]"), "{error}");
        assert!(!format!("{error} {error:?}").contains(token.refresh().unwrap().expose()));
    }
}

// FAULTS.md row 29
#[tokio::test]
async fn a_redirect_takes_the_refresh_token_nowhere() {
    let setup = Setup::new().await;
    let elsewhere = Setup::new().await;
    let token = setup.token().await;
    for status in [302, 307] {
        setup
            .sim
            .fault(Fault::redirect(status, &elsewhere.sim.refresh_url()));
        let error = setup.refresh(&token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(
            !format!("{error} {error:?}").contains("refreshToken.do"),
            "{error:?}"
        );
    }
    assert_eq!(elsewhere.sim.connection_count(), 0);
    assert!(setup.refresh(&token).await.is_ok());
}
