//! Sessions that end if they are not used.

use std::time::Duration;

use token_cache::TokenCache;
use token_core::{
    Answer, ApiOrigin, Attempt, Error, Outcome, Request, Rotation, Token, TokenEndpoint, TokenKey,
    Validity,
};
use tokio::runtime::Handle;

use crate::acme::{Acme, MINUTE, Setup, advance};

const IDLE: Duration = Duration::from_secs(1800);

/// Acme with sessions instead of tokens.
#[derive(Clone, Debug)]
struct Sessions(Acme);

impl TokenEndpoint for Sessions {
    fn key(&self) -> TokenKey {
        self.0.key()
    }

    fn rotation(&self) -> Rotation {
        self.0.rotation()
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        self.0.login(attempt)
    }

    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error> {
        self.0.refresh(token, attempt)
    }

    fn read(&self, answer: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error> {
        let validity = Validity::sliding(answer.asked_at(), IDLE);
        Ok(match self.0.read(answer, attempt)? {
            Outcome::Issued(token) => Outcome::Issued(token.with_validity(validity)),
            other => other,
        })
    }

    fn api_origins(&self) -> Vec<ApiOrigin> {
        self.0.api_origins()
    }
}

fn cache(setup: &Setup) -> TokenCache {
    let builder = TokenCache::builder(Sessions(setup.acme.clone()));
    builder
        .http_client(setup.server.clone())
        .store(setup.store.clone())
        .clock(setup.clock.clone())
        .runtime(Handle::current())
        .build()
        .unwrap()
}

async fn use_session(cache: &TokenCache) {
    let used = cache.with_token(async |_| Ok::<_, ()>(()), |_| false).await;
    used.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_used_is_not_renewed_and_one_that_is_not_used_ends() {
    let setup = Setup::new(Acme::by_login_alone());
    let cache = cache(&setup);
    for _ in 0..36 {
        use_session(&cache).await;
        advance(10 * MINUTE).await;
    }
    assert_eq!(setup.server.requests().len(), 1, "six hours of use");
    let left = cache.token_valid_for(15 * MINUTE).await;
    assert!(left.is_ok(), "20 minutes are left");
    advance(IDLE).await;
    assert!(cache.current().is_none());
    cache.token().await.unwrap();
    assert_eq!(setup.server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_failed_is_no_use_of_the_session() {
    let setup = Setup::new(Acme::by_login_alone());
    let cache = cache(&setup);
    cache.token().await.unwrap();
    advance(20 * MINUTE).await;
    let unreachable = cache.with_token(async |_| Err::<(), _>("no route"), |_| false);
    assert_eq!(unreachable.await.unwrap(), Err("no route"));
    advance(15 * MINUTE).await;
    assert!(cache.current().is_none(), "the vendor has ended it");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_was_ahead_for_a_while_prolongs_no_session() {
    const HOUR: i64 = 3_600_000;
    let setup = Setup::new(Acme::by_login_alone());
    let cache = cache(&setup);
    // The answer comes while the clock is wrong.
    let calling = cache.with_token(
        async |_| {
            setup.clock.step_wall(HOUR);
            Ok::<_, ()>(())
        },
        |_| false,
    );
    calling.await.unwrap().unwrap();
    setup.clock.step_wall(-HOUR);
    assert!(cache.current().is_some());
    advance(IDLE).await;
    assert!(cache.current().is_none());
}

// The store does not follow the uses.
#[tokio::test(start_paused = true)]
async fn a_restart_counts_a_session_from_its_login_and_costs_one_more() {
    let setup = Setup::new(Acme::by_login_alone());
    let used = cache(&setup);
    for _ in 0..6 {
        use_session(&used).await;
        advance(10 * MINUTE).await;
    }
    let restarted = cache(&setup);
    use_session(&restarted).await;
    assert_eq!(setup.server.requests().len(), 2);
    use_session(&used).await;
    assert_eq!(setup.server.requests().len(), 2, "it goes on with its own");
}
