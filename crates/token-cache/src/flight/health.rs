//! What a readiness probe needs.

use std::fmt;

use token_core::{ClockReading, Error, Generation, Timestamp, TokenKey};

use super::Shared;
use crate::current::cached_token::CachedToken;

/// How a cache is now, as far as this process knows: neither the vendor nor the store is asked.
/// Returned by [`TokenCache::health`](crate::TokenCache::health).
///
/// A program is ready if the token is [usable](Self::usable). What it displays is one line for
/// people, without secrets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The name of the grant.
    pub key: TokenKey,
    /// Whether there is a live token: [`TokenCache::current`](crate::TokenCache::current) returns
    /// it.
    pub usable: bool,
    /// The generation of the current token, usable or not; `None` if there is none.
    pub generation: Option<Generation>,
    /// When the access token was issued; `None` if there is none.
    pub issued_at: Option<Timestamp>,
    /// When the access token expires or did expire; `None` if there is none, or if it is used until
    /// an API refuses it.
    pub expires_at: Option<Timestamp>,
    /// When the next refresh is due; `None` if there is no access token, or if it is used until an
    /// API refuses it. The refresh begins when a caller asks after that, or by
    /// [`TokenCache::keep_fresh`](crate::TokenCache::keep_fresh).
    pub refresh_at: Option<Timestamp>,
    /// When the refresh token expires, so that somebody must log in again; `None` if the vendor
    /// does not say.
    pub grant_ends_at: Option<Timestamp>,
    /// Until when no exchange starts: a pause after a failure, or one that the vendor asked for.
    pub paused_until: Option<Timestamp>,
    /// The failure since the last success, if any: that the vendor refused the grant, else the
    /// newest one. [`ErrorKind::advice`](token_core::ErrorKind::advice) says what to do.
    pub last_error: Option<Error>,
    /// Whether the grant was logged out, as far as this process knows.
    pub logged_out: bool,
    /// Whether the store has not acknowledged the newest token yet.
    pub unpersisted: bool,
    /// How many callers wait for a token.
    pub waiters: usize,
}

/// What is told of the current token: the fields of [`Health`] with the same names.
pub(crate) struct TokenHealth {
    pub(crate) usable: bool,
    pub(crate) generation: Option<Generation>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) refresh_at: Option<Timestamp>,
    pub(crate) grant_ends_at: Option<Timestamp>,
}

impl TokenHealth {
    pub(crate) fn of(cached: &CachedToken, now: &ClockReading) -> Self {
        let validity = cached.has_access_token().then(|| cached.validity());
        Self {
            usable: cached.life(now).usable,
            generation: (!cached.is_placeholder()).then(|| cached.token().generation()),
            issued_at: validity.map(|validity| validity.issued_at()),
            expires_at: validity.and_then(|validity| validity.ends()),
            refresh_at: validity
                .map(|validity| validity.refresh_at())
                .filter(|at| *at < Timestamp::MAX),
            grant_ends_at: cached.token().refresh_expires_at(),
        }
    }
}

impl Shared {
    pub(crate) fn health(&self) -> Health {
        let current = &self.current;
        let (cached, now) = (current.cached(), current.now());
        let token = TokenHealth::of(&cached, &now);
        let pause = current.pause_left();
        Health {
            key: current.key().clone(),
            usable: token.usable,
            generation: token.generation,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            refresh_at: token.refresh_at,
            grant_ends_at: token.grant_ends_at,
            paused_until: (!pause.is_zero()).then(|| now.wall.after(pause)),
            last_error: current.refusal().or_else(|| current.failure()),
            logged_out: current.is_logged_out(),
            unpersisted: !self.refresher.pending().is_settled(),
            waiters: self.waiters.count(),
        }
    }
}

impl fmt::Display for Health {
    /// Writes `acme/…: usable until 2026-11-26T08:30:00Z, generation 3, next refresh at
    /// 2026-11-26T08:15:00Z`, and then what is out of order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.usable, self.expires_at) {
            (true, Some(end)) => format!("usable until {end}"),
            (true, None) => "usable until an API refuses it".to_owned(),
            (false, _) if self.logged_out => "logged out".to_owned(),
            (false, Some(end)) => format!("not usable, its token ends at {end}"),
            (false, None) if self.generation.is_some() => "not usable".to_owned(),
            (false, None) => "no token yet".to_owned(),
        };
        write!(f, "{}: {state}", self.key)?;
        let parts = [
            self.generation
                .map(|generation| format!("generation {generation}")),
            self.refresh_at.map(|at| format!("next refresh at {at}")),
            self.paused_until
                .map(|end| format!("no exchange before {end}")),
            self.unpersisted
                .then(|| "not acknowledged by the store".to_owned()),
            (self.waiters > 0).then(|| format!("{} waiting", self.waiters)),
            self.last_error
                .as_ref()
                .map(|error| format!("last error: {error}")),
        ];
        parts
            .into_iter()
            .flatten()
            .try_for_each(|part| write!(f, ", {part}"))
    }
}
