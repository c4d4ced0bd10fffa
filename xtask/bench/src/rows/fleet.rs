//! Many tokens that are due at once, beside a loop of bare requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oauth2_refresh::OAuth2;
use oauth2_refresh::token_core::{self, ErrorKind, Rotation};
use token_cache::{TokenCache, TokenPool};
use token_reqwest::ReqwestClient;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::Effort;
use super::exchange::{Refresher, cache_of};
use crate::peer::Error;
use crate::report::{Cell, Row, Table};
use crate::setting::Setting;

/// How many are under way at a time.
const AT_A_TIME: usize = 100;

pub async fn measure(setting: &Setting, effort: Effort) -> Result<Table, Error> {
    let mut rows = Vec::new();
    let cases = [
        (
            "connections kept",
            "`Idempotent`",
            Rotation::Idempotent,
            usize::MAX,
        ),
        ("a connection each", "`SingleUse`", Rotation::SingleUse, 0),
    ];
    for (bare_name, cache_name, rotation, kept) in cases {
        let bare = Fleet::Bare(Refresher::bare(setting, &setting.origin, kept)?);
        let bare = bare.refresh(effort.fleet()).await?;
        let making = Instant::now();
        let caches = Fleet::caches(setting, effort.fleet(), rotation)?;
        let making = making.elapsed();
        let ours = caches.refresh(effort.fleet()).await?;
        let name = format!("reqwest in a loop, {bare_name}");
        rows.push(row(name, &bare, &bare, Cell::none(), effort));
        let name = format!("**token-cache**, a `TokenCache` each, {cache_name}");
        let making = Cell::Number(making.as_secs_f64(), 2);
        rows.push(row(name, &ours, &bare, making, effort));
        let ours = due_pool(setting, effort, rotation).await?;
        let name = format!("**token-cache**, one `TokenPool`, {cache_name}");
        rows.push(row(name, &ours, &bare, Cell::none(), effort));
    }
    Ok(Table {
        title: "A fleet",
        note: format!(
            "{} tokens are due at once; {AT_A_TIME} tasks refresh them over plain http, on the \
            same runtime. `ReqwestClient` and the pool let 64 requests be under way per host. The \
            pool's accounts are at rest before.",
            effort.fleet(),
        ),
        columns: vec![
            "",
            "exchanges a second",
            "of the bare loop, %",
            "errors",
            "made in, s",
        ],
        rows,
    })
}

fn row(label: String, done: &Done, bare: &Done, making: Cell, effort: Effort) -> Row {
    let rate = |done: &Done| effort.fleet() as f64 / done.time.as_secs_f64();
    let cells = vec![
        Cell::Number(rate(done), 0),
        Cell::Number(rate(done) / rate(bare) * 100.0, 0),
        Cell::Number(done.errors as f64, 0),
        making,
    ];
    Row { label, cells }
}

/// Who refreshes the tokens.
#[derive(Clone)]
enum Fleet {
    Bare(Refresher),
    Caches(Arc<Vec<TokenCache>>),
    Pool(TokenPool),
}

/// Refreshes a pool whose tokens have all expired; each came with a refresh token.
async fn due_pool(setting: &Setting, effort: Effort, rotation: Rotation) -> Result<Done, Error> {
    let pool = Fleet::pool(setting, rotation)?;
    let life = Duration::from_secs(1);
    setting.server.set_life(life);
    pool.clone().refresh(effort.fleet()).await?;
    tokio::time::sleep(life * 2).await;
    setting.server.set_life(Duration::from_secs(3600));
    setting.server.take_count();
    let done = pool.refresh(effort.fleet()).await?;
    match setting.server.take_count() as usize == effort.fleet() {
        true => Ok(done),
        false => Err("the pool's tokens were not refreshed once each".into()),
    }
}

struct Done {
    time: Duration,
    errors: usize,
}

impl Fleet {
    fn caches(setting: &Setting, size: usize, rotation: Rotation) -> Result<Self, Error> {
        let http = ReqwestClient::shared()?;
        let cache = |at| {
            cache_of(
                &format!("account-{at}"),
                http.clone(),
                &setting.origin,
                rotation,
            )
        };
        let caches: Result<Vec<_>, Error> = (0..size).map(cache).collect();
        Ok(Self::Caches(Arc::new(caches?)))
    }

    fn pool(setting: &Setting, rotation: Rotation) -> Result<Self, Error> {
        let url = format!("{}/offline", setting.origin);
        let server = move |account: &str| {
            let server = OAuth2::token_url(&url).allow_plain_http().client_id("app");
            let server = server.client_secret("secret").client_credentials();
            let built = server.account(account).rotation(rotation).build();
            built.map_err(|_| token_core::Error::new(ErrorKind::Config, "a wrong setting"))
        };
        let pool = TokenPool::builder(server).http_client(ReqwestClient::shared()?);
        Ok(Self::Pool(pool.runtime(Handle::current()).build()?))
    }

    async fn refresh_one(&self, at: usize) -> Result<(), Error> {
        match self {
            Self::Bare(refresher) => refresher.refresh().await,
            Self::Caches(caches) => Ok(caches[at].token().await.map(drop)?),
            Self::Pool(pool) => Ok(pool.token(&format!("account-{at}")).await.map(drop)?),
        }
    }

    async fn refresh(self, size: usize) -> Result<Done, Error> {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for first in 0..AT_A_TIME {
            let fleet = self.clone();
            tasks.spawn(async move {
                let mut errors = 0;
                for at in (first..size).step_by(AT_A_TIME) {
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
