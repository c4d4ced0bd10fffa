//! How a profile's token is doing, for `status`, `watch` and the page of `serve`.

use serde::Serialize;
use vendor_auth::cache::{GrantState, Health};
use vendor_auth::types::{Generation, Timestamp};

use crate::config::profile::Profile;
use crate::last_failure::Failed;

/// How one token is doing. It contains no secret.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Life {
    pub(crate) name: String,
    pub(crate) vendor: &'static str,
    pub(crate) key: String,
    pub(crate) state: State,
    /// Whether a logout ended the grant. If the program can log in itself, the next command that
    /// needs a token does.
    pub(crate) logged_out: bool,
    pub(crate) generation: Option<u64>,
    /// When the token was issued. All times are RFC 3339 in JSON.
    #[serde(serialize_with = "rfc3339")]
    pub(crate) issued_at: Option<Timestamp>,
    /// When it is refreshed.
    #[serde(serialize_with = "rfc3339")]
    pub(crate) refresh_at: Option<Timestamp>,
    /// When it expires; none if an API decides.
    #[serde(serialize_with = "rfc3339")]
    pub(crate) expires_at: Option<Timestamp>,
    /// When a person must log in again, if the vendor says so.
    #[serde(serialize_with = "rfc3339")]
    pub(crate) grant_ends_at: Option<Timestamp>,
    /// Until when nothing is sent.
    #[serde(serialize_with = "rfc3339")]
    pub(crate) paused_until: Option<Timestamp>,
    pub(crate) last_error: Option<LastError>,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It is valid.
    Valid,
    /// It is valid, and a refresh is due.
    RefreshDue,
    /// It is not valid, and the next command gets another.
    Expired,
    /// A person must log in.
    LoginRequired,
    /// The store could not be read.
    Unknown,
}

/// What failed last, and what to do about it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LastError {
    #[serde(serialize_with = "rfc3339")]
    pub(crate) at: Option<Timestamp>,
    pub(crate) message: String,
    pub(crate) exit_code: u8,
}

impl Life {
    /// Describes a token by what its cache knows, what the store says about the grant, and what
    /// failed.
    pub(crate) fn of(
        profile: &Profile,
        health: &Health,
        grant: Option<GrantState>,
        last_error: Option<LastError>,
        now: Timestamp,
    ) -> Self {
        Self {
            name: profile.name.clone(),
            vendor: profile.vendor.display_name(),
            key: health.key.to_string(),
            state: state(health, grant, now),
            logged_out: health.logged_out,
            generation: health.generation.map(Generation::number),
            issued_at: health.issued_at,
            refresh_at: health.refresh_at,
            expires_at: health.expires_at,
            grant_ends_at: health.grant_ends_at,
            paused_until: health.paused_until.filter(|end| *end > now),
            last_error,
        }
    }
}

impl Life {
    /// Returns what people read about the state.
    pub(crate) fn text(&self) -> &'static str {
        match (self.state, self.generation) {
            (State::Expired | State::LoginRequired, _) if self.logged_out => "logged out",
            (State::Expired, None) => "no token yet",
            (State::LoginRequired, None) => "not logged in",
            (state, _) => state.text(),
        }
    }
}

impl State {
    /// Returns whether there is a valid token.
    pub(crate) fn is_usable(self) -> bool {
        matches!(self, Self::Valid | Self::RefreshDue)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::RefreshDue => "valid, refresh due",
            Self::Expired => "expired",
            Self::LoginRequired => "log in again",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Failed> for LastError {
    fn from(failed: Failed) -> Self {
        Self {
            at: Some(failed.at()),
            message: failed.message,
            exit_code: failed.code,
        }
    }
}

fn state(health: &Health, grant: Option<GrantState>, now: Timestamp) -> State {
    let is_due = health.refresh_at.is_some_and(|at| at <= now);
    match grant {
        _ if health.usable && is_due => State::RefreshDue,
        _ if health.usable => State::Valid,
        Some(GrantState::Expired | GrantState::LoginRequired) => State::LoginRequired,
        Some(_) => State::Expired,
        None => State::Unknown,
    }
}

#[expect(
    clippy::ref_option,
    reason = "serde calls it with a reference to the field"
)]
fn rfc3339<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}
