//! The endpoint against a simulated server, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod clients;
mod odd_answers;
mod refresh;
mod refusals;

use std::time::Duration;

use oauth2_refresh::{OAuth2, OAuth2Builder, TokenKind};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Error, ErrorKind, HttpClient, Outcome, Request, Secret, ServerOffset, Timestamp, Token,
    TokenEndpoint, Validity,
};
use token_reqwest::ReqwestClient;
use token_sim::{Fault, OAuth2Server, OAuth2ServerBuilder, SimClock};
use token_testkit::{attempt, call, exchange};

const START: i64 = 1_700_000_000_000;

const WITHIN: Duration = Duration::from_secs(20);

/// A simulator, the endpoint under test, and a client between them.
struct Setup {
    sim: OAuth2Server,
    endpoint: OAuth2,
    http: ReqwestClient,
}

impl Setup {
    async fn bamboocloud() -> Self {
        Self::of(OAuth2Server::builder(), |builder| builder).await
    }

    /// With the BambooCloud preset.
    async fn of(
        server: OAuth2ServerBuilder,
        describe: impl FnOnce(OAuth2Builder) -> OAuth2Builder,
    ) -> Self {
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let builder = OAuth2::bamboocloud(sim.base_url()).revocation_path("/api/v1/oauth2/revoke");
        Self::with(sim, builder, describe)
    }

    /// With the token URL alone.
    async fn by_token_url(
        server: OAuth2ServerBuilder,
        describe: impl FnOnce(OAuth2Builder) -> OAuth2Builder,
    ) -> Self {
        let sim = server.clock(SimClock::frozen(START)).start().await.unwrap();
        let builder = OAuth2::token_url(sim.token_url());
        Self::with(sim, builder, describe)
    }

    fn with(
        sim: OAuth2Server,
        builder: OAuth2Builder,
        describe: impl FnOnce(OAuth2Builder) -> OAuth2Builder,
    ) -> Self {
        let builder = builder
            .allow_plain_http()
            .client_id(sim.client_id())
            .client_secret(sim.client_secret())
            .account("alice");
        let endpoint = describe(builder).build().unwrap();
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

    /// A token as if a user had logged in earlier.
    fn token(&self) -> Token {
        let grant = self.sim.grant();
        let expires_at = Timestamp::from_unix_millis(grant.expires_at_ms());
        let validity = Validity::new(self.now(), expires_at);
        Token::builder(grant.access_token().into(), validity)
            .refresh(grant.refresh_token().map(Secret::from))
            .build()
            .unwrap()
    }

    async fn exchange(&self, request: &Request) -> Result<Token, Error> {
        match exchange(&self.endpoint, &self.http, request, self.now()).await? {
            Outcome::Issued(token) => Ok(token),
            other => panic!("{other:?}"),
        }
    }

    async fn refresh(&self, token: &Token) -> Result<Token, Error> {
        let request = self.endpoint.refresh(token, &attempt(self.now(), 1))?;
        Ok(self.exchange(&request).await?.merged_with_previous(token))
    }

    async fn login(&self) -> Result<Token, Error> {
        let request = self.endpoint.login(&attempt(self.now(), 1)).unwrap()?;
        self.exchange(&request).await
    }

    /// The status of the resource for this token.
    async fn call(&self, token: &Token) -> u16 {
        let request = http::Request::get(self.sim.resource_url()).body(Bytes::new());
        let (endpoint, http, now) = (&self.endpoint, &self.http, self.now());
        let response = call(endpoint, http, token, request.unwrap(), now).await;
        response.unwrap().status().as_u16()
    }

    /// Sends a request and lets `read` have the answer.
    async fn send<T>(&self, request: &Request, read: impl FnOnce(&Answer<'_>) -> T) -> T {
        let response = self.http.send(request.to_http(), WITHIN).await.unwrap();
        let now = self.now();
        read(&Answer::new(request, &response, now, ServerOffset::NONE))
    }

    async fn is_active(&self, token: &Token, kind: TokenKind) -> bool {
        let request = self.endpoint.introspection(token, kind).unwrap();
        let read = |answer: &Answer<'_>| self.endpoint.read_introspection(answer);
        self.send(&request, read).await.unwrap().is_active()
    }
}
