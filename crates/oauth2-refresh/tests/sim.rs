//! The endpoint against a server that somebody else read the documents for, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use oauth2_refresh::{ClientAuthentication, OAuth2, OAuth2Builder, Pkce, State, TokenKind};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Error, ErrorKind, HttpClient, Outcome, Request, Secret, ServerOffset, Timestamp, Token,
    TokenEndpoint, Validity,
};
use token_reqwest::ReqwestClient;
use token_sim::{ClientAuth, Echo, Fault, Flavour, Rotation, SimClock};
use token_testkit::{attempt, exchange};

const START: i64 = 1_700_000_000_000;
const WITHIN: Duration = Duration::from_secs(20);
const CALLBACK: &str = "https://app.example/callback";

/// The simulator, our side of it, and a client between them.
struct Scene {
    sim: token_sim::OAuth2Server,
    ours: OAuth2,
    http: ReqwestClient,
}

impl Scene {
    async fn bamboocloud() -> Self {
        Self::of(token_sim::OAuth2Server::builder(), |builder| builder).await
    }

    async fn of(
        server: token_sim::OAuth2ServerBuilder,
        describe: impl FnOnce(OAuth2Builder) -> OAuth2Builder,
    ) -> Self {
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let builder = OAuth2::bamboocloud(sim.base_url())
            .allow_plain_http()
            .client_id(sim.client_id())
            .client_secret(sim.client_secret())
            .account("alice")
            .revocation_path("/api/v1/oauth2/revoke");
        let ours = describe(builder).build().unwrap();
        let http = ReqwestClient::new().unwrap();
        Self { sim, ours, http }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.sim.clock().now_ms())
    }

    /// A token as if a user had logged in earlier.
    fn token(&self) -> Token {
        let grant = self.sim.grant();
        let expires_at = Timestamp::from_unix_millis(grant.expires_at_ms());
        Token::builder(
            grant.access_token().into(),
            Validity::new(self.now(), expires_at),
        )
        .refresh(grant.refresh_token().map(Secret::from))
        .build()
        .unwrap()
    }

    async fn exchange(&self, request: &Request) -> Result<Token, Error> {
        match exchange(&self.ours, &self.http, request, self.now()).await? {
            Outcome::Issued(token) => Ok(token),
            other => panic!("{other:?}"),
        }
    }

    async fn refresh(&self, token: &Token) -> Result<Token, Error> {
        let request = self.ours.refresh(token, &attempt(self.now(), 1))?;
        Ok(self.exchange(&request).await?.merged_with_previous(token))
    }

    async fn login(&self) -> Result<Token, Error> {
        let request = self.ours.login(&attempt(self.now(), 1)).unwrap()?;
        self.exchange(&request).await
    }

    /// The status of the resource for this token.
    async fn call(&self, token: &Token) -> u16 {
        let request = http::Request::get(self.sim.resource_url())
            .body(Bytes::new())
            .unwrap();
        let (mut parts, body) = request.into_parts();
        self.ours
            .authorize(token, &mut parts, &body, &attempt(self.now(), 1))
            .unwrap();
        let sent = self
            .http
            .send(http::Request::from_parts(parts, body), WITHIN)
            .await;
        sent.unwrap().status().as_u16()
    }

    async fn ask<T>(&self, request: &Request, read: impl FnOnce(&Answer<'_>) -> T) -> T {
        let response = self.http.send(request.to_http(), WITHIN).await.unwrap();
        read(&Answer::new(
            request,
            &response,
            self.now(),
            ServerOffset::NONE,
        ))
    }

    async fn is_active(&self, token: &Token, kind: TokenKind) -> bool {
        let request = self.ours.introspection(token, kind).unwrap();
        let said = self
            .ask(&request, |answer| self.ours.read_introspection(answer))
            .await;
        said.unwrap().is_active()
    }
}

#[tokio::test]
async fn a_refresh_rotates_and_the_resource_takes_both_tokens() {
    let scene = Scene::bamboocloud().await;
    let first = scene.token();
    scene.sim.clock().advance(Duration::from_secs(3600));
    let second = scene.refresh(&first).await.unwrap();
    assert!(!second.same_secrets_as(&first));
    assert_eq!(
        second.validity().expires_at(),
        scene.now().after(Duration::from_secs(7200))
    );
    assert_eq!(second.scopes(), ["get_user_info"]);
    assert_eq!(
        (scene.call(&first).await, scene.call(&second).await),
        (200, 200)
    );
    assert!(scene.refresh(&second).await.is_ok());
}

// FAULTS.md row 26
#[tokio::test]
async fn a_reused_refresh_token_is_rejected_and_its_echo_scrubbed() {
    let scene = Scene::bamboocloud().await;
    let first = scene.token();
    scene.refresh(&first).await.unwrap();
    let error = scene.refresh(&first).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Rejected, Some("invalid_grant"))
    );
    assert_eq!(error.message(), Some("Invalid refresh token: [scrubbed]"));
    assert!(scene.sim.saw_reuse());
}

// FAULTS.md row 26
#[tokio::test]
async fn every_encoding_of_an_echo_is_scrubbed() {
    let scene = Scene::bamboocloud().await;
    for encoding in [Echo::Raw, Echo::Percent, Echo::Base64] {
        let token = scene.token();
        scene.sim.fault(Fault::echo(encoding));
        let error = scene.refresh(&token).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("[scrubbed]"), "{shown}");
        assert!(
            !shown.contains(token.refresh_credential().expose()),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn springs_401_for_an_expired_refresh_token_ends_the_grant() {
    let spring = token_sim::OAuth2Server::builder()
        .flavour(Flavour::Spring)
        .refresh_token_life(Duration::from_secs(60));
    let scene = Scene::of(spring, |builder| builder).await;
    let token = scene.token();
    scene.sim.clock().advance(Duration::from_secs(61));
    let error = scene.refresh(&token).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Rejected, Some("invalid_token"))
    );
    assert_eq!(
        error.message(),
        Some("Invalid refresh token (expired): [scrubbed]")
    );
}

// FAULTS.md row 12
#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one_for_the_next_refresh() {
    let server = token_sim::OAuth2Server::builder().rotation(Rotation::Never);
    let scene = Scene::of(server, |builder| builder).await;
    let first = scene.token();
    let second = scene.refresh(&first).await.unwrap();
    assert!(
        second
            .refresh_credential()
            .same_as(first.refresh_credential())
    );
    assert!(scene.refresh(&second).await.is_ok());
}

#[tokio::test]
async fn each_way_of_showing_who_the_client_is_works_and_a_wrong_secret_is_the_configurations() {
    let ways = [
        (ClientAuth::BasicRaw, ClientAuthentication::Basic),
        (ClientAuth::BasicEncoded, ClientAuthentication::BasicEncoded),
        (ClientAuth::Post, ClientAuthentication::Post),
    ];
    for (theirs, ours) in ways {
        let server = || {
            token_sim::OAuth2Server::builder()
                .client("odd client", "s3cr3t+%&/ä é")
                .client_auth(theirs)
        };
        let scene = Scene::of(server(), |builder| builder.client_authentication(ours)).await;
        assert!(scene.refresh(&scene.token()).await.is_ok(), "{ours:?}");
        let wrong = |builder: OAuth2Builder| {
            builder
                .client_authentication(ours)
                .client_secret("a wrong one")
        };
        let scene = Scene::of(server(), wrong).await;
        let error = scene.refresh(&scene.token()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Config, Some("invalid_client"))
        );
    }
}

#[tokio::test]
async fn client_credentials_log_in_again_and_again() {
    let scene = Scene::of(
        token_sim::OAuth2Server::builder(),
        OAuth2Builder::client_credentials,
    )
    .await;
    let (first, second) = (scene.login().await.unwrap(), scene.login().await.unwrap());
    assert!(first.refresh().is_none() && !first.same_secrets_as(&second));
    assert_eq!(scene.call(&second).await, 200);
    scene.sim.disable_account();
    assert_eq!(scene.login().await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_the_configurations() {
    let scene = Scene::of(token_sim::OAuth2Server::builder(), |builder| {
        builder.refresh_scopes(["admin"])
    })
    .await;
    let error = scene.refresh(&scene.token()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("invalid_scope"))
    );
}

#[tokio::test]
async fn a_public_client_logs_a_user_in_with_pkce_and_refreshes() {
    let server = token_sim::OAuth2Server::builder().client_auth(ClientAuth::Public);
    let scene = Scene::of(server, |builder| builder.client_secret("")).await;
    let (state, pkce) = (State::from_random([1; 32]), Pkce::from_random([2; 32]));
    let url = scene
        .ours
        .authorize_url(CALLBACK, &state)
        .pkce(&pkce)
        .build();
    let browser = http::Request::get(url).body(Bytes::new()).unwrap();
    let redirect = scene.http.send(browser, WITHIN).await.unwrap();
    let location = redirect.headers()["location"].to_str().unwrap();
    let code = scene.ours.read_redirect(location, &state).unwrap();

    let redeem = |pkce: &Pkce| {
        let redemption = scene.ours.redeem_code(&code, CALLBACK, Some(pkce));
        redemption.into_request(&attempt(scene.now(), 1)).unwrap()
    };
    let token = scene.exchange(&redeem(&pkce)).await.unwrap();
    assert_eq!(scene.call(&token).await, 200);
    assert!(scene.refresh(&token).await.is_ok());

    let burnt = scene.exchange(&redeem(&pkce)).await.unwrap_err();
    assert_eq!(burnt.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_code_is_not_redeemed_with_another_verifier() {
    let server = token_sim::OAuth2Server::builder().client_auth(ClientAuth::Public);
    let scene = Scene::of(server, |builder| builder.client_secret("")).await;
    let challenge = Pkce::from_random([2; 32]).challenge();
    let bound = token_sim::CodeRequest::new()
        .redirect_uri(CALLBACK)
        .code_challenge(&challenge);
    let code = Secret::from(scene.sim.authorization_code(bound));
    let other = Pkce::from_random([3; 32]);
    let redemption = scene.ours.redeem_code(&code, CALLBACK, Some(&other));
    let request = redemption.into_request(&attempt(scene.now(), 1)).unwrap();
    assert_eq!(
        scene.exchange(&request).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn a_revoked_grant_is_dead_and_introspection_says_so() {
    let scene = Scene::bamboocloud().await;
    let token = scene.token();
    assert!(scene.is_active(&token, TokenKind::Access).await);
    assert!(scene.is_active(&token, TokenKind::Refresh).await);

    let request = scene
        .ours
        .revoke(&token, &attempt(scene.now(), 1))
        .unwrap()
        .unwrap();
    scene
        .ask(&request, |answer| scene.ours.read_revocation(answer))
        .await
        .unwrap();

    assert!(!scene.is_active(&token, TokenKind::Refresh).await);
    assert_eq!(
        scene.refresh(&token).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

// FAULTS.md rows 22, 29 and 32
#[tokio::test]
async fn faults_on_the_way_do_not_end_the_grant() {
    let scene = Scene::bamboocloud().await;
    let token = scene.token();
    for fault in [
        Fault::html(),
        Fault::status(502),
        Fault::redirect(307, "https://elsewhere.example/collect"),
        Fault::unavailable(token_sim::RetryAfter::Seconds(7)),
    ] {
        scene.sim.fault(fault);
        let kind = scene.refresh(&token).await.unwrap_err().kind();
        assert!(
            matches!(
                kind,
                ErrorKind::Transient { .. } | ErrorKind::Protocol | ErrorKind::InDoubt
            ),
            "{kind:?}"
        );
    }
    assert!(scene.refresh(&token).await.is_ok());
}

// FAULTS.md row 25
#[tokio::test]
async fn an_answer_that_is_cut_short_is_in_doubt() {
    let scene = Scene::bamboocloud().await;
    scene.sim.fault(Fault::cut_in_body());
    let error = scene.refresh(&scene.token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InDoubt);
}
