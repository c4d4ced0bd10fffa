//! The server's state, and the token endpoint.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::builder::Rules;
use super::clients::authenticate;
use super::consent::{CodeRequest, CodeTrouble, Codes};
use super::flavour::Problem;
use crate::answer::Answer;
use crate::call::{Call, Params};
use crate::grants::{Denied, Grants, Minted, millis};
use crate::issued::Issued;
use crate::lock::Locked;
use crate::random::opaque;
use crate::rotation::{OldToken, Rotation};
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
    logins: u64,
}

/// Tokens to be answered with.
struct Pair {
    access: String,
    /// What the answer says; empty where it says nothing.
    refresh: Option<String>,
    scope: String,
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
        let mut state = self.state();
        let family = state.grants.open(&self.rules.client_id, &self.rules.scope);
        let pair = self.enter(&mut state, family, 1, Some(opaque()), now);
        let expires_at_ms = now.saturating_add(millis(self.rules.access_life));
        Issued {
            access_token: pair.access,
            refresh_token: pair.refresh,
            expires_at_ms,
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
        match wanted.split_ascii_whitespace().find(|scope| !granted(scope)) {
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
        if state.disabled {
            return refused(&self.rules.flavour.dead_refresh_token(token, Denied::Revoked));
        }
        match state.grants.spend(token, self.rules.rotation, now) {
            Err(denied) => {
                let problem = self.rules.flavour.dead_refresh_token(token, denied);
                refused(&problem).reuse(denied == Denied::Spent)
            }
            Ok(spent) => {
                let next = self.rules.rotation.renews().then(opaque);
                let mut pair = self.enter(&mut state, spent.family, spent.generation, next, now);
                if self.rules.rotation.repeats(spent.generation) {
                    pair.refresh = Some(token.to_owned());
                }
                self.issued(&pair, spent.generation).reuse(spent.reuse)
            }
        }
    }

    /// RFC 6749 section 4.4.3: without a refresh token.
    fn client_credentials(&self, now: i64) -> Reply {
        let mut state = self.state();
        if state.disabled {
            return refused(&Problem::new(401, "invalid_client", "Bad client credentials"));
        }
        let family = state.grants.open(&self.rules.client_id, &self.rules.scope);
        state.logins += 1;
        let generation = state.logins;
        let pair = self.enter(&mut state, family, generation, None, now);
        self.issued(&pair, generation)
    }

    fn redeem(&self, form: &Params, now: i64) -> Reply {
        let Some(code) = form.filled("code") else {
            return refused(&Problem::new(
                400,
                "invalid_request",
                "An authorization code must be supplied.",
            ));
        };
        let mut state = self.state();
        if state.disabled {
            return refused(&Problem::new(400, "invalid_grant", "User is disabled"));
        }
        match state.codes.redeem(code, form, now) {
            Err(CodeTrouble::Invalid(problem)) => return refused(&problem),
            Err(CodeTrouble::Reused(family)) => return self.code_reused(&mut state, family),
            Ok(()) => {}
        }
        let family = state.grants.open(&self.rules.client_id, &self.rules.scope);
        state.codes.opened(code, family);
        let pair = self.enter(&mut state, family, 1, Some(opaque()), now);
        self.issued(&pair, 1)
    }

    /// RFC 6749 section 4.1.2: tokens that came of the code should go, and do where reuse is detected.
    fn code_reused(&self, state: &mut State, family: Option<usize>) -> Reply {
        if let (Some(family), Rotation::Strict) = (family, self.rules.rotation) {
            state.grants.kill_family(family);
        }
        refused(&Problem::new(400, "invalid_grant", "Invalid authorization code")).reuse(true)
    }

    fn enter(
        &self,
        state: &mut State,
        family: usize,
        generation: u64,
        refresh: Option<String>,
        now: i64,
    ) -> Pair {
        let access = opaque();
        let old = if generation > 1 {
            self.rules.old_token
        } else {
            OldToken::Lives
        };
        let minted = Minted {
            access: &access,
            access_expires_ms: now.saturating_add(millis(self.rules.access_life)),
            refresh: refresh.as_deref(),
            refresh_expires_ms: now.saturating_add(millis(self.rules.refresh_life)),
        };
        state.grants.enter(family, generation, old, &minted);
        let scope = state.grants.scope(family).to_owned();
        Pair {
            access,
            refresh,
            scope,
        }
    }

    fn issued(&self, pair: &Pair, generation: u64) -> Reply {
        let mut body = json!({
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": self.rules.access_life.as_secs(),
            "scope": pair.scope,
        });
        if let (Some(refresh), Some(fields)) = (&pair.refresh, body.as_object_mut()) {
            fields.insert("refresh_token".to_owned(), Value::from(refresh.as_str()));
        }
        let answer = Answer::json(200, &body)
            .header("cache-control", "no-store")
            .header("pragma", "no-cache");
        Reply::issued(answer, generation)
    }
}

pub(super) fn refused(problem: &Problem) -> Reply {
    Reply::refused(problem.answer(), problem.code)
}
