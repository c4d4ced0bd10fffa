//! How one account of a pool is.

use token_core::{ClockReading, Error, Generation, Timestamp};

use crate::current::at_rest::{ToldAtRest, Trouble};
use crate::current::cached_token::CachedToken;
use crate::flight::Shared;
use crate::flight::health::TokenHealth;

/// How one account of a pool is now, as far as this process knows: neither the vendor nor the store
/// is asked. Returned by
/// [`TokenPool::health_of`](crate::TokenPool::health_of).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountHealth {
    /// Whether there is a live token.
    pub usable: bool,
    /// The generation of the current token, usable or not; `None` if there is none.
    pub generation: Option<Generation>,
    /// When the access token was issued; `None` if there is none.
    pub issued_at: Option<Timestamp>,
    /// When the access token expires or did expire; `None` if there is none, or if it is used until
    /// an API refuses it.
    pub expires_at: Option<Timestamp>,
    /// When the next refresh is due; `None` if there is no access token, or if it is used until an
    /// API refuses it.
    pub refresh_at: Option<Timestamp>,
    /// When the refresh token expires, so that somebody must log in again; `None` if the vendor
    /// does not say.
    pub grant_ends_at: Option<Timestamp>,
    /// Until when no exchange starts: a pause after a failure, or one that the vendor asked for.
    pub paused_until: Option<Timestamp>,
    /// The failure since the last success, if any: that the vendor refused the grant, else the
    /// newest one.
    pub last_error: Option<Error>,
    /// Why somebody has to log in again, if that is so.
    pub login_needed: Option<Error>,
    /// Whether the grant was logged out, as far as this process knows.
    pub logged_out: bool,
    /// Whether the store has not acknowledged the newest token yet.
    pub unpersisted: bool,
    /// How many callers wait for a token.
    pub waiters: usize,
    /// Whether an exchange or a store operation is under way, or a
    /// [cache](crate::TokenPool::cache) is in use.
    pub at_work: bool,
}

impl AccountHealth {
    pub(in crate::pool) fn at_rest(
        cached: &CachedToken,
        trouble: Option<&Trouble>,
        now: &ClockReading,
    ) -> Self {
        let (token, told) = (
            TokenHealth::of(cached, now),
            ToldAtRest::of(cached, trouble, now),
        );
        Self {
            usable: token.usable,
            generation: token.generation,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            refresh_at: token.refresh_at,
            grant_ends_at: token.grant_ends_at,
            paused_until: told.pause.map(|left| now.wall.after(left)),
            last_error: told.last_error,
            login_needed: None,
            logged_out: told.logged_out,
            unpersisted: false,
            waiters: 0,
            at_work: false,
        }
    }

    pub(in crate::pool) fn at_work(engine: &Shared) -> Self {
        let health = engine.health();
        Self {
            usable: health.usable,
            generation: health.generation,
            issued_at: health.issued_at,
            expires_at: health.expires_at,
            refresh_at: health.refresh_at,
            grant_ends_at: health.grant_ends_at,
            paused_until: health.paused_until,
            last_error: health.last_error,
            login_needed: engine.current.needs_login(),
            logged_out: health.logged_out,
            unpersisted: health.unpersisted,
            waiters: health.waiters,
            at_work: true,
        }
    }
}
