//! Cache, endpoint and HTTP client against simulated OAuth2 servers with the quirks of real ones,
//! over sockets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use token_sim::{
    Fault, InvalidGrant, Kind, LoginAnswer, Oddity, RefreshTokenExpiry, Rotation, SimClock,
};
use token_testkit::ManualClock;
use vendor_auth::cache::{Backoff, Drained, LoggedOut, TokenCacheBuilder};
use vendor_auth::oauth2::{OAuth2, OAuth2Builder as Description};
use vendor_auth::types::{Clock as _, Timestamp};
use vendor_auth::{Error, ErrorKind, ReqwestClient, Secret, Token, TokenCache};

const START: i64 = 1_700_000_000_000;
const A_SECOND: Duration = Duration::from_secs(1);

/// A server, and a cache whose initial token is a refresh token of that server.
struct Scene {
    sim: token_sim::OAuth2Server,
    tokens: TokenCache,
}

impl Scene {
    /// Runs in real time, with a wait timeout that is longer than the first few pauses.
    async fn of(server: token_sim::OAuth2ServerBuilder) -> Self {
        Self::described(server, |ours| ours).await
    }

    async fn described(
        server: token_sim::OAuth2ServerBuilder,
        describe: impl FnOnce(Description) -> Description,
    ) -> Self {
        let sim = server.start().await.unwrap();
        let cache = builder(describe(endpoint(&sim).account("alice")).build().unwrap());
        Self::begun(sim, cache)
    }

    /// Runs by a clock that the test moves.
    async fn timed(server: token_sim::OAuth2ServerBuilder) -> (Self, ManualClock) {
        let (sim, clock) = start(server).await;
        let cache = builder(endpoint(&sim).account("alice").build().unwrap());
        (Self::begun(sim, cache.clock(clock.clone())), clock)
    }

    fn begun(sim: token_sim::OAuth2Server, cache: TokenCacheBuilder) -> Self {
        let refresh = sim.grant().refresh_token().map(Secret::from).unwrap();
        let first = Token::from_refresh_token(refresh).unwrap();
        let tokens = cache.initial_token(first).build().unwrap();
        Self { sim, tokens }
    }

    /// The error of a caller that gets no token.
    async fn refused(&self) -> Error {
        self.tokens.token().await.err().unwrap()
    }

    /// The status of an API call with this token.
    async fn call(&self, token: &Token) -> u16 {
        let request = reqwest::Client::new().get(self.sim.resource_url());
        let sent = request.bearer_auth(token.access().expose()).send().await;
        sent.unwrap().status().as_u16()
    }

    /// The next token after an API rejected this one.
    async fn next(&self, token: &Token) -> Token {
        self.tokens.invalidate(token);
        (*self.tokens.token().await.unwrap()).clone()
    }
}

async fn start(server: token_sim::OAuth2ServerBuilder) -> (token_sim::OAuth2Server, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_unix_millis(START));
    let ours = clock.clone();
    let theirs = SimClock::driven_by(move || ours.now().wall.unix_millis());
    (server.clock(theirs).start().await.unwrap(), clock)
}

fn endpoint(sim: &token_sim::OAuth2Server) -> Description {
    OAuth2::builder(sim.base_url())
        .allow_plain_http()
        .token_path(sim.token_url())
        .client_id(sim.client_id())
        .client_secret(sim.client_secret())
}

fn builder(endpoint: OAuth2) -> TokenCacheBuilder {
    TokenCache::builder(endpoint)
        .http_client(ReqwestClient::new().unwrap())
        .wait_timeout(3 * A_SECOND)
        .backoff(Backoff::default().first(Duration::from_millis(10)))
}

// FAULTS.md row 49
#[tokio::test]
async fn an_odd_answer_never_costs_the_rotation() {
    for oddity in Oddity::ALL
        .into_iter()
        .filter(|oddity| oddity.has_usable_access_token())
    {
        let scene = Scene::of(token_sim::OAuth2Server::builder().rotation(Rotation::Strict)).await;
        scene.sim.fault(Fault::odd(oddity));
        let token = scene
            .tokens
            .token()
            .await
            .unwrap_or_else(|error| panic!("{oddity:?}: {error}"));
        assert_eq!(scene.call(&token).await, 200, "{oddity:?}");
        let next = scene.next(&token).await;
        assert_eq!(scene.call(&next).await, 200, "{oddity:?}");
        assert!(!scene.sim.saw_reuse(), "{oddity:?}: R1 was sent again");
        assert_eq!(scene.sim.exchange_count(), 2, "{oddity:?}");
    }
}

// FAULTS.md row 49
#[tokio::test]
async fn an_unusable_access_token_never_costs_the_rotation() {
    let unusable = |oddity: &Oddity| oddity.is_readable() && !oddity.has_usable_access_token();
    for oddity in Oddity::ALL.into_iter().filter(unusable) {
        let scene = Scene::of(token_sim::OAuth2Server::builder().rotation(Rotation::Strict)).await;
        scene.sim.fault(Fault::odd(oddity));
        // One error may be reported; the next attempt spends the new refresh token.
        let token = match scene.tokens.token().await {
            Ok(token) => token,
            Err(_) => scene
                .tokens
                .token()
                .await
                .unwrap_or_else(|error| panic!("{oddity:?}: {error}")),
        };
        // By its `expires_in` this one is valid, so only an API can reject it.
        let token = match oddity {
            Oddity::AccessTokenPast => scene.next(&token).await,
            _ => (*token).clone(),
        };
        assert_eq!(scene.call(&token).await, 200, "{oddity:?}");
        assert!(!scene.sim.saw_reuse(), "{oddity:?}: R1 was sent again");
        assert_eq!(scene.sim.issued_count(), 2, "{oddity:?}");
    }
}

// FAULTS.md row 50
#[tokio::test]
async fn after_an_answer_that_cannot_be_read_the_refresh_token_rests() {
    let unreadable = Oddity::ALL
        .into_iter()
        .filter(|oddity| !oddity.is_readable());
    let faults = unreadable.map(Fault::odd);
    let gateways = [
        Fault::html().after_acting(),
        Fault::status(504).after_acting(),
    ];
    for fault in faults.chain(gateways) {
        let scene = Scene::of(token_sim::OAuth2Server::builder().rotation(Rotation::Strict)).await;
        scene.sim.fault(fault.clone());
        let error = scene.refused().await;
        assert_eq!(error.kind(), ErrorKind::InDoubt, "{fault:?}: {error}");
        scene.refused().await;
        assert_eq!(scene.sim.exchange_count(), 1, "{fault:?}");
    }
}

// FAULTS.md row 52
#[tokio::test]
async fn a_compressed_or_form_encoded_or_wrapped_answer_is_read() {
    for fault in [Fault::gzip(), Fault::form_encoded()] {
        let scene = Scene::of(token_sim::OAuth2Server::builder()).await;
        scene.sim.fault(fault);
        let token = scene.tokens.token().await.unwrap();
        assert_eq!(scene.call(&token).await, 200);
    }
    let described = |ours: Description| ours.wrapped_in("data");
    let scene = Scene::described(token_sim::OAuth2Server::builder(), described).await;
    scene.sim.fault(Fault::in_field("data"));
    let token = scene.tokens.token().await.unwrap();
    assert_eq!(scene.call(&token).await, 200);
}

// FAULTS.md row 77
#[tokio::test]
async fn a_revoked_grant_is_recognised_in_any_words() {
    for words in InvalidGrant::ALL {
        for status in [None, Some(200)] {
            let server = token_sim::OAuth2Server::builder().invalid_grant(words);
            let server = match status {
                Some(status) => server.refusal_status(status),
                None => server,
            };
            let scene = Scene::of(server).await;
            scene.sim.revoke_grant();
            let error = scene.refused().await;
            let said = format!("{words:?} {status:?}: {:?} {error}", error.kind());
            assert_eq!(error.kind(), ErrorKind::Rejected, "{said}");
            assert_eq!(scene.sim.exchange_count(), 1, "{said}");
        }
    }
}

// FAULTS.md rows 12 and 56
#[tokio::test]
async fn a_kept_refresh_token_goes_on_whether_or_not_it_is_repeated() {
    for rotation in [Rotation::Never, Rotation::Repeat, Rotation::Kept] {
        let (scene, clock) =
            Scene::timed(token_sim::OAuth2Server::builder().rotation(rotation)).await;
        let mut token = (*scene.tokens.token().await.unwrap()).clone();
        for _ in 0..3 {
            clock.advance(Duration::from_secs(7_200));
            token = (*scene.tokens.token().await.unwrap()).clone();
            assert_eq!(scene.call(&token).await, 200, "{rotation:?}");
        }
        assert_eq!(token.generation().number(), 4, "{rotation:?}");
        assert_eq!(scene.sim.exchange_count(), 4, "{rotation:?}");
    }
}

// FAULTS.md row 70
#[tokio::test]
async fn a_refresh_tokens_told_end_is_not_missed() {
    let server = token_sim::OAuth2Server::builder()
        .refresh_token_lifetime(Duration::from_secs(900))
        .refresh_token_expiry(RefreshTokenExpiry::Sliding)
        .refresh_expires_in_field("refresh_expires_in");
    let (scene, clock) = Scene::timed(server).await;
    scene.tokens.token().await.unwrap();
    for _ in 0..200 {
        clock.advance(Duration::from_secs(30));
        let token = scene.tokens.token().await.unwrap();
        assert_eq!(scene.call(&token).await, 200);
    }
    assert!(scene.sim.exchange_count() > 3, "the refresh tokens expired");
}

// FAULTS.md row 65
#[tokio::test]
async fn a_token_that_is_repeated_to_its_end_costs_a_second_of_errors_at_most() {
    let (sim, clock) =
        start(token_sim::OAuth2Server::builder().login_answer(LoginAnswer::CurrentToken)).await;
    let endpoint = endpoint(&sim).client_credentials().build().unwrap();
    let tokens = builder(endpoint).clock(clock.clone()).build().unwrap();
    let mut failures = Vec::new();
    for second in 0..36_000_u64 {
        if tokens.token().await.is_err() {
            failures.push(second);
        }
        // The clock stands still during a request, however slow this machine is.
        assert_eq!(
            tokens.drain(Duration::from_secs(60)).await,
            Drained::Settled
        );
        clock.advance(A_SECOND);
    }
    let at_each_end = |end: u64| {
        failures
            .iter()
            .filter(|second| second.div_ceil(7_200) == end)
            .count()
    };
    assert!((1..=5).all(|end| at_each_end(end) <= 1), "{failures:?}");
    assert_eq!(sim.issued_count(), 5);
}

// FAULTS.md row 99
#[tokio::test]
async fn a_revocation_that_fails_is_told() {
    for fault in [
        Fault::status(404),
        Fault::status(500),
        Fault::reset_before_acting(),
    ] {
        let describe = |ours: Description| ours.revocation_path("/api/v1/oauth2/revoke");
        let scene = Scene::described(token_sim::OAuth2Server::builder(), describe).await;
        scene.tokens.token().await.unwrap();
        scene
            .sim
            .fault(fault.on_kind(Kind::Revocation).until_cleared());
        let end = scene.tokens.logout().await.unwrap();
        assert!(matches!(end, LoggedOut::NotRevoked { .. }), "{end:?}");
        assert_eq!(scene.refused().await.kind(), ErrorKind::Rejected);
        assert_eq!(scene.sim.exchange_count(), 1);
    }
}
