//! The server's state, and how it issues tokens.

use serde_json::{Value, json};

use super::codes::Codes;
use super::rules::OAuth2;
use crate::answer::Answer;
use crate::crypto::opaque;
use crate::grants::{Grants, NewTokens, millis};
use crate::rotation::OldToken;
use crate::vendor::Reply;

#[derive(Default)]
pub(crate) struct State {
    pub(super) grants: Grants,
    pub(super) codes: Codes,
    pub(super) disabled: bool,
    pub(super) logins: Logins,
}

/// Tokens of an answer.
pub(super) struct Pair {
    pub(super) grant: usize,
    pub(super) access: String,
    pub(super) access_expires_ms: i64,
    /// The refresh token in the answer; empty if there is none.
    pub(super) refresh: Option<String>,
    /// When the grant's refresh token expires, whether or not the answer repeats it.
    pub(super) refresh_expires_ms: Option<i64>,
    pub(super) scope: String,
}

/// Tokens to be issued.
pub(super) struct Issue {
    pub(super) grant: usize,
    pub(super) generation: u64,
    pub(super) refresh: Option<String>,
    pub(super) refresh_expires_ms: i64,
}

/// Logins with client credentials.
#[derive(Default)]
pub(super) struct Logins {
    /// How many tokens they issued.
    pub(super) count: u64,
    /// The last access token that they issued.
    pub(super) last: String,
}

impl OAuth2 {
    /// The first tokens of a grant.
    pub(super) fn open(&self, state: &mut State, refresh: Option<String>, now: i64) -> Pair {
        let grant = state.grants.open(&self.client_id, &self.scope);
        let issue = Issue {
            grant,
            generation: 1,
            refresh,
            refresh_expires_ms: self.whole_refresh_lifetime(now),
        };
        self.enter(state, issue, now)
    }

    pub(super) fn enter(&self, state: &mut State, issue: Issue, now: i64) -> Pair {
        let access = opaque();
        let access_expires_ms = now.saturating_add(millis(self.access_lifetime));
        let old = if issue.generation > 1 {
            self.old_token
        } else {
            OldToken::StaysValid
        };
        let new = NewTokens {
            access: &access,
            access_expires_ms,
            refresh: issue.refresh.as_deref(),
            refresh_expires_ms: issue.refresh_expires_ms,
        };
        state.grants.enter(issue.grant, issue.generation, old, &new);
        let scope = state.grants.scope(issue.grant).to_owned();
        Pair {
            grant: issue.grant,
            access,
            access_expires_ms,
            refresh: issue.refresh,
            refresh_expires_ms: Some(issue.refresh_expires_ms),
            scope,
        }
    }

    pub(super) fn issued(&self, pair: &Pair, generation: u64, now: i64) -> Reply {
        Reply::issued(self.success(pair, now), generation).about(Some(pair.grant))
    }

    pub(super) fn success(&self, pair: &Pair, now: i64) -> Answer {
        let seconds = |end_ms: i64| end_ms.saturating_sub(now) / 1000;
        let mut body = json!({
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": seconds(pair.access_expires_ms),
            "scope": pair.scope,
        });
        let mut tell = |name: &str, value: Value| {
            if let Some(fields) = body.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        };
        if let Some(refresh) = &pair.refresh {
            tell("refresh_token", Value::from(refresh.as_str()));
        }
        if let (Some(field), Some(end)) = (&self.refresh_life_field, pair.refresh_expires_ms) {
            tell(field, Value::from(seconds(end)));
        }
        Answer::json(200, &body)
            .header("cache-control", "no-store")
            .header("pragma", "no-cache")
    }

    pub(super) fn whole_refresh_lifetime(&self, now: i64) -> i64 {
        now.saturating_add(millis(self.refresh_lifetime))
    }
}
