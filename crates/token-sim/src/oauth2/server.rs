//! The server's state, and the token endpoint.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::builder::Rules;
use super::clients::authenticate;
use super::consent::{CodeRequest, Codes};
use super::flavour::Problem;
use super::lives::RefreshTokenEnd;
use super::logins::Logins;
use crate::answer::Answer;
use crate::call::{Call, Params};
use crate::grants::{Denied, Grants, Minted, Spent, millis};
use crate::issued::Issued;
use crate::lock::Locked;
use crate::random::opaque;
use crate::rotation::OldToken;
use crate::vendor::Reply;

pub(super) struct Server {
    pub(super) rules: Rules,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) grants: Grants,
    pub(super) codes: Codes,
    pub(super) disabled: bool,
    pub(super) logins: Logins,
}

/// Tokens to be answered with.
pub(super) struct Pair {
    pub(super) family: usize,
    pub(super) access: String,
    pub(super) access_expires_ms: i64,
    /// What the answer says; empty where it says nothing.
    pub(super) refresh: Option<String>,
    /// When the grant's refresh token ends, whether or not the answer repeats it.
    pub(super) refresh_expires_ms: Option<i64>,
    pub(super) scope: String,
}

/// Tokens to be issued.
struct Issue {
    family: usize,
    generation: u64,
    refresh: Option<String>,
    refresh_expires_ms: i64,
}

impl Server {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.locked()
    }

    pub(super) fn token(&self, call: &Call, now: i64) -> Reply {
        let form = call.form();
        if let Err(problem) = self.admit(call, &form) {
            return refused(&problem);
        }
        match form.filled("grant_type") {
            Some("refresh_token") => self.refresh(&form, now),
            Some("client_credentials") => self.client_credentials(now),
            Some("authorization_code") => self.redeem(&form, now),
            Some(_) => refused(&Problem::new(
                400,
                "unsupported_grant_type",
                "Unsupported grant type",
            )),
            None => refused(&Problem::new(400, "invalid_request", "Missing grant type")),
        }
    }

    pub(super) fn grant(&self, now: i64) -> Issued {
        let pair = self.open(&mut self.state(), Some(opaque()), now);
        Issued {
            access_token: pair.access,
            refresh_token: pair.refresh,
            expires_at_ms: pair.access_expires_ms,
        }
    }

    pub(super) fn code(&self, request: CodeRequest, now: i64) -> String {
        self.state().codes.make(request, &self.rules, now)
    }

    pub(super) fn revoke_access(&self) {
        self.state().grants.revoke_all_access();
    }

    pub(super) fn revoke_refresh(&self) {
        self.state().grants.revoke_all_refresh();
    }

    pub(super) fn set_disabled(&self, disabled: bool) {
        self.state().disabled = disabled;
    }

    fn admit(&self, call: &Call, form: &Params) -> Result<(), Problem> {
        if call.method != "POST" {
            return Err(Problem::new(
                405,
                "invalid_request",
                "Request method not supported",
            ));
        }
        authenticate(&self.rules, call, form)?;
        self.admit_scope(form)
    }

    fn admit_scope(&self, form: &Params) -> Result<(), Problem> {
        let wanted = form.first("scope").unwrap_or_default();
        let granted = |scope: &str| self.rules.scope.split(' ').any(|known| known == scope);
        match wanted
            .split_ascii_whitespace()
            .find(|scope| !granted(scope))
        {
            None => Ok(()),
            Some(scope) => Err(Problem::new(
                400,
                "invalid_scope",
                format!("Invalid scope: {scope}"),
            )),
        }
    }

    fn refresh(&self, form: &Params, now: i64) -> Reply {
        let Some(token) = form.filled("refresh_token") else {
            return refused(&Problem::new(
                400,
                "invalid_request",
                "A refresh token must be supplied.",
            ));
        };
        let mut state = self.state();
        let grant = state.grants.of_refresh(token);
        if state.disabled {
            return self.dead_refresh_token(token, Denied::Revoked).about(grant);
        }
        match state.grants.spend(token, self.rules.rotation, now) {
            Err(denied) => self.dead_refresh_token(token, denied).about(grant),
            Ok(spent) => self.refreshed(&mut state, token, &spent, now),
        }
    }

    fn refreshed(&self, state: &mut State, token: &str, spent: &Spent, now: i64) -> Reply {
        let refresh_expires_ms = self.refresh_end(spent, now);
        let renews = self.rules.rotation.renews();
        if !renews {
            state.grants.end_refresh_at(token, refresh_expires_ms);
        }
        let mut pair = self.enter(
            state,
            Issue {
                family: spent.family,
                generation: spent.generation,
                refresh: renews.then(opaque),
                refresh_expires_ms,
            },
            now,
        );
        if self.rules.rotation.repeats(spent.generation) {
            pair.refresh = Some(token.to_owned());
        }
        self.issued(&pair, spent.generation, now).reuse(spent.reuse)
    }

    /// When the refresh token ends that this exchange leaves behind.
    fn refresh_end(&self, spent: &Spent, now: i64) -> i64 {
        match self.rules.refresh_end {
            RefreshTokenEnd::Fixed => spent.refresh_expires_ms,
            RefreshTokenEnd::AfterIssue if !self.rules.rotation.renews() => {
                spent.refresh_expires_ms
            }
            RefreshTokenEnd::AfterIssue | RefreshTokenEnd::Sliding => self.whole_refresh_life(now),
        }
    }

    fn whole_refresh_life(&self, now: i64) -> i64 {
        now.saturating_add(millis(self.rules.refresh_life))
    }

    fn dead_refresh_token(&self, token: &str, denied: Denied) -> Reply {
        let reply = match self.rules.dead_grant {
            Some(words) => words.refuse(token),
            None => refused(&self.rules.flavour.dead_refresh_token(token, denied)),
        };
        reply.reuse(denied == Denied::Spent)
    }

    /// The first tokens of a grant.
    pub(super) fn open(&self, state: &mut State, refresh: Option<String>, now: i64) -> Pair {
        let family = state.grants.open(&self.rules.client_id, &self.rules.scope);
        let issue = Issue {
            family,
            generation: 1,
            refresh,
            refresh_expires_ms: self.whole_refresh_life(now),
        };
        self.enter(state, issue, now)
    }

    fn enter(&self, state: &mut State, issue: Issue, now: i64) -> Pair {
        let access = opaque();
        let access_expires_ms = now.saturating_add(millis(self.rules.access_life));
        let old = if issue.generation > 1 {
            self.rules.old_token
        } else {
            OldToken::Lives
        };
        let minted = Minted {
            access: &access,
            access_expires_ms,
            refresh: issue.refresh.as_deref(),
            refresh_expires_ms: issue.refresh_expires_ms,
        };
        state
            .grants
            .enter(issue.family, issue.generation, old, &minted);
        let scope = state.grants.scope(issue.family).to_owned();
        Pair {
            family: issue.family,
            access,
            access_expires_ms,
            refresh: issue.refresh,
            refresh_expires_ms: Some(issue.refresh_expires_ms),
            scope,
        }
    }

    pub(super) fn issued(&self, pair: &Pair, generation: u64, now: i64) -> Reply {
        Reply::issued(self.success(pair, now), generation).about(Some(pair.family))
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
        if let (Some(field), Some(end)) = (&self.rules.refresh_life_field, pair.refresh_expires_ms)
        {
            tell(field, Value::from(seconds(end)));
        }
        Answer::json(200, &body)
            .header("cache-control", "no-store")
            .header("pragma", "no-cache")
    }
}

pub(super) fn refused(problem: &Problem) -> Reply {
    Reply::refused(problem.answer(), problem.code)
}
