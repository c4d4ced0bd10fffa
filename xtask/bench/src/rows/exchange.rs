//! What an exchange costs when nothing is held up: ours and bare reqwest, plain and over TLS; and
//! the others, as far as they can be made to request again at each call.

use std::future::Future;
use std::time::{Duration, Instant};

use oauth2_refresh::OAuth2;
use oauth2_refresh::token_cache::TokenCache;
use oauth2_refresh::token_core::{Rotation, Secret};
use reqwest::{Certificate, Client};
use tokio::runtime::Handle;

use super::clients::{OurClient, Over};
use super::instructions::{self, Runs};
use super::{Effort, label, median};
use crate::peer::Error;
use crate::peers;
use crate::report::{Cell, Row, Table};
use crate::setting::Setting;

const CALLS: u32 = 50;
/// Of which the instructions are counted.
const COUNTED: Runs = [20, 220];
const FORM: [(&str, &str); 2] = [("grant_type", "refresh_token"), ("refresh_token", "R")];

/// Who refreshes, and over which server.
#[derive(Clone)]
pub enum Refresher {
    Cache(TokenCache),
    Bare { http: Client, url: String },
}

impl Refresher {
    /// Exchanges run on the runtime of the caller, as those of the bare loop do.
    fn cache(
        setting: &Setting,
        over: Over,
        origin: &str,
        rotation: Rotation,
    ) -> Result<Self, Error> {
        let http = over.client(setting, None)?;
        cache_of("app", http, origin, rotation).map(Self::Cache)
    }

    pub fn bare(setting: &Setting, origin: &str, kept: usize) -> Result<Self, Error> {
        let root = Certificate::from_pem(setting.root_certificate.as_bytes())?;
        let http = Client::builder().no_proxy().tls_certs_only([root]);
        let http = http.pool_max_idle_per_host(kept).build()?;
        Ok(Self::Bare {
            http,
            url: format!("{origin}/token"),
        })
    }

    pub async fn refresh(&self) -> Result<(), Error> {
        match self {
            Self::Cache(cache) => {
                let generation = match cache.current() {
                    Some(token) => token.generation(),
                    None => cache.token().await?.generation(),
                };
                cache.refresh_if(generation).await?;
            }
            Self::Bare { http, url } => {
                let request = http.post(url).form(&FORM).basic_auth("app", Some("secret"));
                let body = request.send().await?.error_for_status()?.bytes().await?;
                drop(serde_json::from_slice::<peers::by_hand::Issued>(&body)?);
            }
        }
        Ok(())
    }
}

/// Returns a cache of the token of one account.
pub fn cache_of(
    account: &str,
    http: OurClient,
    origin: &str,
    rotation: Rotation,
) -> Result<TokenCache, Error> {
    let server = OAuth2::token_url(format!("{origin}/token"))
        .allow_plain_http()
        .client_id("app")
        .client_secret("secret")
        .account(account)
        .rotation(rotation)
        .build()?;
    let cache = TokenCache::builder(server)
        .http_client(http)
        .runtime(Handle::current());
    Ok(cache.refresh_token(Secret::from("R")).build()?)
}

/// The names of those that are compared, and the place of the bare loop with which each is.
const COMPARED: [(&str, usize); 6] = [
    ("reqwest, connections kept", 0),
    ("**token-cache**, `HyperClient`, `Idempotent` or `Grace`", 0),
    (
        "**token-cache**, `ReqwestClient`, `Idempotent` or `Grace`",
        0,
    ),
    ("reqwest, a connection each", 3),
    ("**token-cache**, `HyperClient`, `SingleUse`", 3),
    ("**token-cache**, `ReqwestClient`, `SingleUse`", 3),
];

/// Returns those that are compared, in their order.
fn compared(setting: &Setting, origin: &str) -> Result<[Refresher; 6], Error> {
    let cache = |over, rotation| Refresher::cache(setting, over, origin, rotation);
    Ok([
        Refresher::bare(setting, origin, usize::MAX)?,
        cache(Over::Hyper, Rotation::Idempotent)?,
        cache(Over::Reqwest, Rotation::Idempotent)?,
        Refresher::bare(setting, origin, 0)?,
        cache(Over::Hyper, Rotation::SingleUse)?,
        cache(Over::Reqwest, Rotation::SingleUse)?,
    ])
}

/// Refreshes this often with one of those that are compared.
pub async fn refresh_with(
    setting: &Setting,
    refresher: usize,
    over_tls: bool,
    calls: u32,
) -> Result<(), Error> {
    let origin = match over_tls {
        true => &setting.tls_origin,
        false => &setting.origin,
    };
    let compared = compared(setting, origin)?;
    let refresher = compared.get(refresher).ok_or("no such refresher")?;
    for _ in 0..calls {
        refresher.refresh().await?;
    }
    Ok(())
}

pub async fn measure(setting: &Setting, effort: Effort) -> Result<Table, Error> {
    let plain = take_turns(&compared(setting, &setting.origin)?, effort).await?;
    let tls = take_turns(&compared(setting, &setting.tls_origin)?, effort).await?;
    let is_counted = !effort.quick && instructions::has_valgrind();
    let row = |(at, (name, bare)): (usize, (&str, usize))| Row {
        label: name.to_owned(),
        cells: vec![
            Cell::Number(plain[at], 0),
            Cell::Number(tls[at], 0),
            Cell::Number(tls[at] - tls[bare], 0),
            Cell::Number(tls[at] / tls[bare], 2),
            instructions_of(is_counted, at, &[]),
            instructions_of(is_counted, at, &["--over-tls"]),
        ],
    };
    Ok(Table {
        title: "An exchange again",
        note: format!(
            "Microseconds of a refresh, one after another: {CALLS} in a turn, the median of {} \
            turns. Ours is the whole way: request, answer, token, store, waiting callers. \
            Instructions of a refresh on one thread, by valgrind, without the kernel's: the \
            difference between {} and {} refreshes.",
            turns(effort),
            COUNTED[0],
            COUNTED[1],
        ),
        columns: vec![
            "",
            "http, µs",
            "TLS, µs",
            "TLS, more than reqwest, µs",
            "TLS, ×",
            "http, instructions",
            "TLS, instructions",
        ],
        rows: COMPARED.into_iter().enumerate().map(row).collect(),
    })
}

fn instructions_of(is_counted: bool, refresher: usize, over: &[&str]) -> Cell {
    if !is_counted {
        return Cell::none();
    }
    let refresher = refresher.to_string();
    instructions::of_a_call(COUNTED, &[&["--refresher", &refresher], over].concat())
}

fn turns(effort: Effort) -> usize {
    if effort.quick { 9 } else { 41 }
}

/// Returns the microseconds of each.
async fn take_turns(refreshers: &[Refresher], effort: Effort) -> Result<Vec<f64>, Error> {
    let mut times = vec![Vec::new(); refreshers.len()];
    for _ in 0..turns(effort) {
        for (refresher, times) in refreshers.iter().zip(&mut times) {
            let refresher = refresher.clone();
            let calls = async move {
                for _ in 0..CALLS {
                    refresher.refresh().await?;
                }
                Ok::<_, Error>(())
            };
            times.push(timed(tokio::spawn(calls)).await?.as_secs_f64() * 1e6 / f64::from(CALLS));
        }
    }
    Ok(times.into_iter().map(median).collect())
}

async fn timed<T, E: Into<Error>>(
    calls: impl Future<Output = Result<Result<T, Error>, E>>,
) -> Result<Duration, Error> {
    let began = Instant::now();
    calls.await.map_err(Into::into)??;
    Ok(began.elapsed())
}

/// A token of one second is due at every call, for those that refresh early enough.
pub async fn of_the_peers(setting: &Setting, effort: Effort) -> Result<Table, Error> {
    setting.server.set_life(Duration::from_secs(1));
    let mut rows = Vec::new();
    for entry in peers::real() {
        let candidate = entry.build(setting).await?;
        candidate.header().await?;
        setting.server.take_count();
        let mut times = Vec::new();
        for _ in 0..if effort.quick { 100 } else { 1_000 } {
            let began = Instant::now();
            candidate.header().await?;
            times.push(began.elapsed().as_secs_f64() * 1e6);
        }
        let one_each = setting.server.take_count() as usize >= times.len();
        let time = if one_each {
            Cell::Number(median(times), 0)
        } else {
            Cell::none()
        };
        rows.push(Row {
            label: label(&entry),
            cells: vec![time],
        });
    }
    setting.server.set_life(Duration::from_secs(3600));
    Ok(Table {
        title: "A call that requests a token",
        note: "The server issues tokens of one second, so that crates which refresh early enough \
            request one at every call; microseconds over plain http. Ours is in the table above; \
            the others cannot be made to."
            .to_owned(),
        columns: vec!["", "µs"],
        rows,
    })
}
