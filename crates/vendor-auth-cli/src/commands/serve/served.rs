//! The profiles and pools that are served.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vendor_auth::TokenGuard;
use vendor_auth::cache::Drained;

use super::answer::Refusal;
use super::kept::Kept;
use super::metrics::Metrics;
use super::pool::{Pool, PoolStatus};

/// The longest name that is repeated.
const LONGEST: usize = 256;

/// What all addresses serve.
pub(super) struct Served {
    profiles: BTreeMap<String, Arc<Kept>>,
    pools: BTreeMap<String, Arc<Pool>>,
    metrics: Metrics,
}

/// What a client asks for: the token of a profile, or that of an account.
pub(super) enum Source<'a> {
    Profile(&'a Kept),
    Account(&'a Pool, &'a str),
}

impl Served {
    pub(super) fn new(kept: Vec<Kept>, pools: Vec<Pool>, metrics: Metrics) -> Self {
        let profiles = kept.into_iter();
        let profiles = profiles.map(|kept| (kept.name().to_owned(), Arc::new(kept)));
        let pools = pools.into_iter();
        let pools = pools.map(|pool| (pool.name().to_owned(), Arc::new(pool)));
        Self {
            profiles: profiles.collect(),
            pools: pools.collect(),
            metrics,
        }
    }

    pub(super) fn profiles(&self) -> impl Iterator<Item = &Kept> {
        self.profiles.values().map(|kept| &**kept)
    }

    /// Returns how the pools are.
    pub(super) fn pools(&self) -> impl Iterator<Item = PoolStatus> {
        self.pools.values().map(|pool| pool.status())
    }

    /// Returns what was measured, as Prometheus reads it.
    pub(super) fn metrics(&self) -> String {
        for pool in self.pools.values() {
            Metrics::tell_of(pool.name(), &pool.health());
        }
        self.metrics.render()
    }

    /// Starts what keeps the tokens fresh until the program ends.
    pub(super) fn keep(&self, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for kept in self.profiles.values() {
            let (kept, stopped) = (Arc::clone(kept), stopped.clone());
            tasks.spawn(async move { kept.keep(stopped).await });
        }
        for pool in self.pools.values() {
            let (pool, stopped) = (Arc::clone(pool), stopped.clone());
            tasks.spawn(async move { pool.keep(stopped).await });
        }
        tasks
    }

    /// Waits, at most this long, until no exchange is in flight and the store has each token.
    /// Returns the profiles and pools of which that is not so.
    pub(super) async fn drain(&self, within: Duration) -> Vec<String> {
        let mut tasks = JoinSet::new();
        let unsettled = |drained, name: &str| match drained {
            Drained::Settled => None,
            Drained::Unsettled => Some(name.to_owned()),
        };
        for kept in self.profiles.values() {
            let kept = Arc::clone(kept);
            tasks.spawn(async move { unsettled(kept.drain(within).await, kept.name()) });
        }
        for pool in self.pools.values() {
            let pool = Arc::clone(pool);
            tasks.spawn(async move { unsettled(pool.drain(within).await, pool.name()) });
        }
        let mut unsettled: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        unsettled.sort();
        unsettled
    }

    /// Returns the profile of this name.
    pub(super) fn profile(&self, name: &str) -> Result<Source<'_>, Refusal> {
        if let Some(kept) = self.profiles.get(name) {
            return Ok(Source::Profile(kept));
        }
        let why = match self.pools.contains_key(name) {
            true => format!("`{name}` is a pool; ask for /token/{name}/ACCOUNT"),
            false if name.len() > LONGEST => "no profile with so long a name is served".to_owned(),
            false => format!("the profile `{name}` is not served"),
        };
        Err(unknown(why))
    }

    /// Returns the account of the pool of this name, or the profile that is this account alone.
    pub(super) fn account<'a>(
        &'a self,
        name: &str,
        account: &'a str,
    ) -> Result<Source<'a>, Refusal> {
        match self.pools.get(name) {
            Some(pool) => Ok(Source::Account(pool, account)),
            None if self.profiles.contains_key(name) => Err(unknown(format!(
                "`{name}` is no pool; ask for /token/{name}"
            ))),
            None => self.profile(&format!("{name}/{account}")),
        }
    }
}

impl Source<'_> {
    /// Returns a token that is valid, for at least this long.
    pub(super) async fn token(&self, min_ttl: Option<Duration>) -> Result<TokenGuard, Refusal> {
        match self {
            Self::Profile(kept) => kept.token(min_ttl).await,
            Self::Account(pool, account) => pool.token(account, min_ttl).await,
        }
    }

    /// Returns another token than this one, which an API refused.
    pub(super) async fn other_than(&self, refused: &str) -> Result<TokenGuard, Refusal> {
        match self {
            Self::Profile(kept) => kept.other_than(refused).await,
            Self::Account(pool, account) => pool.other_than(account, refused).await,
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Profile(kept) => kept.name().to_owned(),
            Self::Account(pool, account) => format!("{}/{account}", pool.name()),
        }
    }
}

fn unknown(why: String) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "unknown_profile", why)
}
