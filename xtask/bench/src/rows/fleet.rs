//! Many tokens that are due at once, beside a loop of bare requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oauth2_refresh::OAuth2;
use oauth2_refresh::token_core::Rotation;
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
    let [plain, tls] = [&setting.origin, &setting.tls_origin];
    let cases = [
        (
            "connections kept",
            "`Idempotent`",
            Rotation::Idempotent,
            plain,
        ),
        (
            "connections kept, TLS",
            "`Idempotent`, TLS",
            Rotation::Idempotent,
            tls,
        ),
        (
            "a connection each",
            "`SingleUse`",
            Rotation::SingleUse,
            plain,
        ),
    ];
    for (bare_name, our_name, rotation, origin) in cases {
        let kept = match rotation {
            Rotation::SingleUse => 0,
            _ => usize::MAX,
        };
        let bare = Fleet::Bare(Refresher::bare(setting, origin, kept)?);
        let bare = bare.refresh(effort.fleet()).await?;
        let case = Case {
            setting,
            origin,
            rotation,
        };
        let making = Instant::now();
        let caches = case.caches(effort.fleet())?;
        let making = making.elapsed();
        let ours = caches.refresh(effort.fleet()).await?;
        let name = format!("reqwest in a loop, {bare_name}");
        rows.push(row(name, &bare, &bare, Cell::none(), effort));
        let name = format!("**token-cache**, a `TokenCache` each, {our_name}");
        let making = Cell::Number(making.as_secs_f64(), 2);
        rows.push(row(name, &ours, &bare, making, effort));
        let ours = case.due_pool(effort).await?;
        let name = format!("**token-cache**, one `TokenPool`, {our_name}");
        rows.push(row(name, &ours, &bare, Cell::none(), effort));
    }
    Ok(Table {
        title: "A fleet",
        note: format!(
            "{} tokens are due at once; {AT_A_TIME} tasks refresh them, on the same runtime, over \
            plain http unless the row says TLS. `ReqwestClient` and the pool let 64 requests be \
            under way per host. The pool's accounts are at rest before. `cargo xtask bench --flame` \
            draws [where the pool's time goes](bench-fleet.svg), over plain http.",
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

/// Refreshes a pool over plain http, and nothing else.
pub async fn pool_alone(setting: &Setting, effort: Effort) -> Result<(), Error> {
    let case = Case {
        setting,
        origin: &setting.origin,
        rotation: Rotation::Idempotent,
    };
    let done = case.due_pool(effort).await?;
    match done.errors {
        0 => Ok(()),
        errors => Err(format!("{errors} tokens were not refreshed").into()),
    }
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

/// What is measured of our fleets.
struct Case<'a> {
    setting: &'a Setting,
    origin: &'a str,
    rotation: Rotation,
}

impl Case<'_> {
    fn http(&self) -> Result<ReqwestClient, Error> {
        let http = ReqwestClient::builder();
        let http = http.add_root_certificates_pem(&self.setting.root_certificate);
        Ok(http.only_added_root_certificates().build()?)
    }

    fn caches(&self, size: usize) -> Result<Fleet, Error> {
        let http = self.http()?;
        let cache = |at| {
            let account = format!("account-{at}");
            cache_of(&account, http.clone(), self.origin, self.rotation)
        };
        let caches: Result<Vec<_>, Error> = (0..size).map(cache).collect();
        Ok(Fleet::Caches(Arc::new(caches?)))
    }

    /// Refreshes a pool whose tokens have all expired; each came with a refresh token.
    async fn due_pool(&self, effort: Effort) -> Result<Done, Error> {
        let (pool, server) = (self.pool()?, &self.setting.server);
        let life = Duration::from_secs(1);
        server.set_life(life);
        pool.clone().refresh(effort.fleet()).await?;
        tokio::time::sleep(life * 2).await;
        server.set_life(Duration::from_secs(3600));
        server.take_count();
        let done = pool.refresh(effort.fleet()).await?;
        match server.take_count() as usize == effort.fleet() {
            true => Ok(done),
            false => Err("the pool's tokens were not refreshed once each".into()),
        }
    }

    fn pool(&self) -> Result<Fleet, Error> {
        let server = OAuth2::token_url(format!("{}/offline", self.origin))
            .allow_plain_http()
            .client_id("app")
            .client_secret("secret")
            .client_credentials()
            .rotation(self.rotation)
            .build()?;
        let server = move |account: &str| Ok(server.for_account(account)?);
        let pool = TokenPool::builder(server).http_client(self.http()?);
        Ok(Fleet::Pool(pool.runtime(Handle::current()).build()?))
    }
}

struct Done {
    time: Duration,
    errors: usize,
}

impl Fleet {
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
