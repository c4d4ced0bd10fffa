//! Who refreshes the tokens of a fleet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use oauth2_refresh::OAuth2;
use oauth2_refresh::token_core::{self, HttpClient as _, Repeatable, Rotation};
use token_cache::{TokenCache, TokenPool};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::no_network::NoNetwork;
use crate::peer::Error;
use crate::peers::by_hand::Issued;
use crate::rows::clients::{OurClient, Over};
use crate::rows::exchange::{Refresher, cache_of};
use crate::setting::Setting;

/// How many refreshes are under way at a time.
pub const AT_A_TIME: u16 = 100;

const WITHIN: Duration = Duration::from_secs(20);

/// Who refreshes the tokens.
#[derive(Clone)]
enum Fleet {
    /// Computes for this long after each request.
    Bare(Refresher, Duration),
    /// Our client alone.
    Client(OurClient, Box<Request<Bytes>>),
    Caches(Arc<Vec<TokenCache>>),
    Pool(TokenPool),
}

/// What refreshing all tokens took.
pub struct Done {
    pub time: Duration,
    pub errors: usize,
}

impl Done {
    /// Returns the exchanges of each second.
    pub fn rate(&self, size: usize) -> f64 {
        size as f64 / self.time.as_secs_f64()
    }
}

/// What is measured of our fleets.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub setting: &'a Setting,
    pub origin: &'a str,
    pub rotation: Rotation,
    /// Who sends the requests of our fleets.
    pub over: Over,
    /// How many requests to the host may be under way, and exchanges of the pool. `None`: as many
    /// as by default.
    pub cap: Option<u16>,
    pub size: usize,
}

impl Case<'_> {
    pub fn over(self, over: Over) -> Self {
        Self { over, ..self }
    }

    /// Refreshes in a loop of requests without this project, with some computing after each.
    pub async fn bare(self, computing: Duration) -> Result<Done, Error> {
        let kept = match self.rotation {
            Rotation::SingleUse => 0,
            _ => usize::MAX,
        };
        let refresher = Refresher::bare(self.setting, self.origin, kept)?;
        Fleet::Bare(refresher, computing).refresh(self.size).await
    }

    /// Sends the same requests in a loop by our client, without an engine.
    pub async fn client(self) -> Result<Done, Error> {
        let request = Request::post(format!("{}/token", self.origin))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, "Basic YXBwOnNlY3JldA==")
            .extension(Repeatable)
            .body(Bytes::from_static(
                b"grant_type=refresh_token&refresh_token=R",
            ))?;
        let http = self.over.client(self.setting, Some(AT_A_TIME))?;
        Fleet::Client(http, Box::new(request))
            .refresh(self.size)
            .await
    }

    /// Refreshes with a cache for each token. Also returns how long it took to make them.
    pub async fn caches(self) -> Result<(Done, Duration), Error> {
        let making = Instant::now();
        let http = self.over.client(self.setting, self.cap)?;
        let cache = |at| {
            let account = format!("account-{at}");
            cache_of(&account, http.clone(), self.origin, self.rotation)
        };
        let caches: Result<Vec<_>, Error> = (0..self.size).map(cache).collect();
        let (caches, making) = (Fleet::Caches(Arc::new(caches?)), making.elapsed());
        Ok((caches.refresh(self.size).await?, making))
    }

    /// Refreshes a pool whose tokens have all expired; each came with a refresh token.
    pub async fn pool(self) -> Result<Done, Error> {
        let server = &self.setting.server;
        let set_life = |life| server.set_life(life);
        let http = self.over.client(self.setting, self.cap)?;
        let pool = TokenPool::builder(self.endpoints()?).http_client(http);
        let pool = match self.cap {
            Some(cap) => pool.max_exchanges(usize::from(cap)),
            None => pool,
        };
        let pool = pool.runtime(Handle::current()).build()?;
        self.when_due(pool, set_life, || server.take_count()).await
    }

    /// The same without a network.
    pub async fn pool_without_network(self) -> Result<Done, Error> {
        let http = Arc::new(NoNetwork::default());
        let pool = TokenPool::builder(self.endpoints()?).http_client(http.clone());
        let pool = pool.runtime(Handle::current()).build()?;
        let set_life = |life| http.set_life(life);
        self.when_due(pool, set_life, || http.take_count()).await
    }

    async fn when_due(
        self,
        pool: TokenPool,
        set_life: impl Fn(Duration),
        take_count: impl Fn() -> u64,
    ) -> Result<Done, Error> {
        let (pool, life) = (Fleet::Pool(pool), Duration::from_secs(1));
        set_life(life);
        pool.clone().refresh(self.size).await?;
        tokio::time::sleep(life * 2).await;
        set_life(Duration::from_secs(3600));
        take_count();
        let done = pool.refresh(self.size).await?;
        let refreshed = usize::try_from(take_count())?;
        match refreshed == self.size {
            true => Ok(done),
            false => Err(format!("{refreshed} refreshes of {} tokens", self.size).into()),
        }
    }

    fn endpoints(
        self,
    ) -> Result<impl Fn(&str) -> Result<OAuth2, token_core::Error> + use<>, Error> {
        let server = OAuth2::token_url(format!("{}/offline", self.origin))
            .allow_plain_http()
            .client_id("app")
            .client_secret("secret")
            .client_credentials()
            .rotation(self.rotation)
            .build()?;
        Ok(move |account: &str| Ok(server.for_account(account)?))
    }
}

impl Fleet {
    async fn refresh_one(&self, at: usize) -> Result<(), Error> {
        match self {
            Self::Bare(refresher, computing) => {
                refresher.refresh().await?;
                compute_for(*computing);
                Ok(())
            }
            Self::Client(http, request) => {
                let answer = http.send(Request::clone(request), WITHIN).await?;
                drop(serde_json::from_slice::<Issued>(answer.body())?);
                Ok(())
            }
            Self::Caches(caches) => Ok(caches[at].token().await.map(drop)?),
            Self::Pool(pool) => Ok(pool.token(&format!("account-{at}")).await.map(drop)?),
        }
    }

    async fn refresh(self, size: usize) -> Result<Done, Error> {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        let at_a_time = usize::from(AT_A_TIME);
        for first in 0..at_a_time {
            let fleet = self.clone();
            tasks.spawn(async move {
                let mut errors = 0;
                for at in (first..size).step_by(at_a_time) {
                    errors += usize::from(fleet.refresh_one(at).await.is_err());
                }
                errors
            });
        }
        let errors = tasks.join_all().await.into_iter().sum();
        Ok(Done {
            time: began.elapsed(),
            errors,
        })
    }
}

/// Uses the processor, and touches no memory.
fn compute_for(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}
