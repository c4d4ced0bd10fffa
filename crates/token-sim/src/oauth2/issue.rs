//! The server's state, and how it issues tokens.

use serde_json::{Value, json};

use super::codes::Codes;
use super::rules::OAuth2;
use crate::answer::Answer;
use crate::crypto::opaque;
use crate::grants::Pair;
use crate::vendor::Reply;

pub(super) type State = crate::vendor::State<OAuth2>;

#[derive(Default)]
pub(crate) struct CodesAndLogins {
    pub(super) codes: Codes,
    /// The tokens of the last login with client credentials.
    pub(super) last_login: Option<Pair>,
}

impl OAuth2 {
    /// The first tokens of a grant.
    pub(super) fn open(&self, state: &mut State, refresh: Option<String>, now: i64) -> Pair {
        let grant = state.tokens.open();
        let mut pair = self.grants.pair((grant, 1), opaque(), refresh, now);
        if pair.refresh.is_none() {
            pair.refresh_expires_ms = None;
        }
        state.tokens.enter(self.grants.old_token, &pair);
        pair
    }

    pub(super) fn issued(&self, pair: &Pair, now: i64) -> Reply {
        Reply::issued(self.success(pair, now), pair.generation).about(Some(pair.grant))
    }

    pub(super) fn success(&self, pair: &Pair, now: i64) -> Answer {
        let seconds = |end_ms: i64| end_ms.saturating_sub(now) / 1000;
        let mut body = json!({
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": seconds(pair.access_expires_ms),
            "scope": self.scope,
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
}
