//! What is known of a grant without asking the vendor.

use token_core::{Error, Timestamp, Token};

use crate::cache::TokenCache;
use crate::job::Job;
use crate::record;
use crate::stored::Stored;

/// Whether there is a grant, and what it is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantState {
    /// There is a live access token.
    Active,
    /// There is none, but the next [`token`](crate::TokenCache::token) can get one: by a refresh or
    /// a repeatable login.
    Restorable,
    /// The refresh token has reached its own end, and there is no repeatable login: somebody must
    /// log in again.
    Expired,
    /// There is no grant, it was logged out, or the vendor refused it: somebody must log in.
    LoginRequired,
}

impl TokenCache {
    /// Returns what the token in hand and the store know of the grant. The vendor is not asked.
    ///
    /// ```
    /// # async fn status(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// use token_cache::GrantState;
    ///
    /// if tokens.grant_state().await? == GrantState::LoginRequired {
    ///     println!("log in again");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) if there is no live token in hand and the store
    /// cannot be read.
    pub async fn grant_state(&self) -> Result<GrantState, Error> {
        let job = Job::of(&self.engine);
        self.engine.tasks.run(of(job)).await
    }
}

async fn of(job: Job) -> Result<GrantState, Error> {
    if job.live().is_some() {
        return Ok(GrantState::Active);
    }
    let stored = Stored::load(&job)
        .await
        .map_err(|error| error.to_error().with_key(&job.key))?;
    let now = job.clock.now().wall;
    let token = match &stored.entry().record {
        Some(record) => {
            let read = record::read(record, stored.entry().record_age, now);
            Some(read.map_err(|error| error.to_error().with_key(&job.key))?)
        }
        None => None,
    };
    Ok(judge(&job, &stored, token.as_ref(), now))
}

fn judge(job: &Job, stored: &Stored, token: Option<&Token>, now: Timestamp) -> GrantState {
    if token.is_some_and(|token| lives(job, token, now)) {
        return GrantState::Active;
    }
    if job.has_login() {
        return GrantState::Restorable;
    }
    if stored.is_tombstoned() || is_refused(job, token) {
        return GrantState::LoginRequired;
    }
    // What is in hand counts where the store has nothing: an initial token that no flight has
    // stored yet.
    let in_hand = job.current().or_else(|| job.initial.unseen());
    match token.or(in_hand.as_ref()) {
        None => GrantState::LoginRequired,
        Some(token) if token.refresh_expires_at().is_some_and(|end| end <= now) => {
            GrantState::Expired
        }
        Some(_) => GrantState::Restorable,
    }
}

/// A token that is in hand and not live was refused, whatever its expiry says.
fn lives(job: &Job, token: &Token, now: Timestamp) -> bool {
    let is_in_hand = job
        .current()
        .is_some_and(|current| current.same_secrets_as(token));
    !is_in_hand && token.validity().expires_at() > now
}

/// A verdict falls when the store has a newer token.
fn is_refused(job: &Job, token: Option<&Token>) -> bool {
    let is_newer = token.is_some_and(|token| token.generation() > job.generation());
    job.verdict().is_some() && !is_newer
}
