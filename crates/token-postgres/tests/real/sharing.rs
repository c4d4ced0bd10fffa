//! Several caches share one rotating grant of a server that revokes the grant when a refresh token
//! is used twice.

use std::time::Duration;

use oauth2_refresh::OAuth2;
use token_cache::{Drained, TokenCache};
use token_core::{Secret, Timestamp, Token, TokenEndpoint, Validity};
use token_postgres::PostgresStore;
use token_reqwest::ReqwestClient;
use token_sim::{Rotation, SimClock, When};
use token_testkit::ManualClock;

use crate::place::Place;

const START: i64 = 1_700_000_000_000;
const HOUR: Duration = Duration::from_secs(3600);

struct World {
    sim: token_sim::OAuth2Server,
    clock: ManualClock,
}

impl World {
    async fn new() -> Self {
        let sim = token_sim::OAuth2Server::builder()
            .rotation(Rotation::Strict)
            .access_token_lifetime(HOUR)
            .clock(SimClock::frozen(START))
            .start();
        Self {
            sim: sim.await.unwrap(),
            clock: ManualClock::at(Timestamp::from_unix_millis(START)),
        }
    }

    fn endpoint(&self) -> impl TokenEndpoint {
        let ours = OAuth2::bamboocloud(self.sim.base_url()).allow_plain_http();
        let ours = ours
            .client_id(self.sim.client_id())
            .client_secret(self.sim.client_secret())
            .account("shared");
        ours.build().unwrap()
    }

    fn cache(&self, store: PostgresStore) -> TokenCache {
        let cache = TokenCache::builder(self.endpoint()).http_client(ReqwestClient::new().unwrap());
        cache
            .store(store)
            .clock(self.clock.clone())
            .build()
            .unwrap()
    }

    /// Returns a token as if a user had logged in.
    fn login(&self) -> Token {
        let grant = self.sim.grant();
        let validity = Validity::new(
            Timestamp::from_unix_millis(START),
            Timestamp::from_unix_millis(grant.expires_at_ms()),
        );
        let token = Token::builder(grant.access_token().into(), validity);
        token
            .refresh(grant.refresh_token().map(Secret::from))
            .build()
            .unwrap()
    }

    fn pass(&self, span: Duration) {
        self.sim.clock().advance(span);
        self.clock.advance(span);
    }
}

// FAULTS.md row 1
#[tokio::test]
async fn two_caches_share_one_rotating_grant_for_a_day() {
    let world = World::new().await;
    let place = Place::pooled().await;
    let (ours, theirs) = (world.cache(place.store()), world.cache(place.store()));
    ours.set_token(world.login()).await.unwrap();
    for round in 1..=24 {
        world.pass(HOUR);
        let (first, second) = tokio::join!(ours.token(), theirs.token());
        assert!(first.unwrap().same_secrets_as(&second.unwrap()));
        assert_eq!(world.sim.exchange_count(), round);
        // A flight continues for a moment after its callers have their token; the clock is advanced
        // between flights, not during one.
        for cache in [&ours, &theirs] {
            assert_eq!(cache.drain(HOUR).await, Drained::Settled);
        }
    }
    assert!(!world.sim.saw_reuse());
}

// FAULTS.md row 42
#[tokio::test(flavor = "multi_thread")]
async fn of_64_caches_that_start_with_an_expired_token_one_refreshes() {
    let world = World::new().await;
    let place = Place::pooled().await;
    world
        .cache(place.store())
        .set_token(world.login())
        .await
        .unwrap();
    world.pass(HOUR);
    let caches: Vec<_> = (0..64)
        .map(|_| world.cache(place.builder().connections(1).build().unwrap()))
        .collect();
    let all: Vec<_> = caches
        .into_iter()
        .map(|cache| {
            tokio::spawn(async move {
                cache
                    .token()
                    .await
                    .map(|token| token.access().expose().to_owned())
            })
        })
        .collect();
    let mut tokens = Vec::new();
    for one in all {
        tokens.push(one.await.unwrap().unwrap());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(world.sim.exchange_count(), 1);
}

// FAULTS.md row 37
#[tokio::test]
async fn a_logout_that_races_an_exchange_wins() {
    let world = World::new().await;
    let place = Place::direct().await;
    let (ours, theirs) = (world.cache(place.store()), world.cache(place.store()));
    ours.set_token(world.login()).await.unwrap();
    world.pass(HOUR);
    let hold = world.sim.hold_next(When::AfterActing);
    let logout = async {
        while hold.caught_count() == 0 {
            tokio::task::yield_now().await;
        }
        _ = theirs.logout().await.unwrap();
        hold.release();
    };
    let (late, ()) = tokio::join!(ours.token(), logout);
    late.unwrap_err();
    let entry = token_core::TokenStore::load(&place.store(), ours.key())
        .await
        .unwrap();
    assert!(entry.tombstoned && entry.record.is_none());
}
