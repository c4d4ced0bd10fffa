//! The rules of the private cloud.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use serde_json::{Map, Value, json};

use super::builder::Rules;
use super::refusals::Refusal;
use crate::answer::Answer;
use crate::call::{Call, Params};
use crate::grants::{Denied, Grants, Minted, millis};
use crate::issued::Issued;
use crate::journal::Kind;
use crate::lock::Locked;
use crate::random::opaque;
use crate::redirect::with_params;
use crate::rotation::{OldToken, Rotation};
use crate::vendor::{Reply, Vendor};

const BAD_CLIENT: Refusal = Refusal::new(401, "invalid_client", "Bad client credentials");
const BAD_CODE: Refusal = Refusal::new(400, "invalid_grant", "Invalid authorization code");
const BAD_TOKEN: Refusal = Refusal::new(400, "invalid_grant", "Invalid refresh token");
const BAD_GRANT_TYPE: Refusal =
    Refusal::new(400, "unsupported_grant_type", "Unsupported grant type");
const BAD_REQUEST: Refusal = Refusal::new(400, "invalid_request", "A parameter is missing");
const BAD_METHOD: Refusal = Refusal::new(405, "invalid_request", "Method not allowed");
const NOT_LOGGED_IN: Refusal = Refusal::new(401, "invalid_token", "Invalid access token");

pub(super) struct Server {
    pub(super) rules: Rules,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    grants: Grants,
    codes: HashMap<String, Code>,
    disabled: bool,
}

struct Code {
    redirect_uri: String,
    expires_ms: i64,
    burnt: bool,
}

struct Pair {
    access: String,
    refresh: Option<String>,
}

impl Vendor for Server {
    fn kind(&self, call: &Call) -> Kind {
        let path = call.path.as_str();
        match () {
            () if path == self.rules.authorize_path => Kind::Authorization,
            () if path == self.rules.token_path => Kind::Redemption,
            () if path == self.rules.refresh_path => Kind::Refresh,
            () => Kind::Unknown,
        }
    }

    fn serve(&self, kind: Kind, call: &Call, now: i64) -> Reply {
        match kind {
            Kind::Authorization => self.authorize(&call.query(), now),
            Kind::Redemption => self.redeem(call, now),
            Kind::Refresh => self.refresh(call, now),
            Kind::Resource => self.resource(call, now),
            _ => Reply::not_found(),
        }
    }

    fn refusal(&self, text: &str) -> Answer {
        self.rules
            .errors
            .answer(BAD_TOKEN.status, BAD_TOKEN.code, text)
    }
}

impl Server {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: Mutex::default(),
        }
    }

    pub(super) fn grant(&self, now: i64) -> Issued {
        let mut state = self.state();
        let family = state.grants.open(&self.rules.client_id, "");
        let pair = self.enter(&mut state, family, 1, Some(opaque()), now);
        let expires_at_ms = now.saturating_add(millis(self.rules.access_life));
        Issued {
            access_token: pair.access,
            refresh_token: pair.refresh,
            expires_at_ms,
        }
    }

    pub(super) fn code(&self, redirect_uri: &str, now: i64) -> String {
        let code = opaque();
        let expires_ms = now.saturating_add(millis(self.rules.code_life));
        let entry = Code {
            redirect_uri: redirect_uri.to_owned(),
            expires_ms,
            burnt: false,
        };
        self.state().codes.insert(code.clone(), entry);
        code
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

    fn authorize(&self, query: &Params, now: i64) -> Reply {
        let known = query.first("client_id") == Some(&self.rules.client_id);
        let Some(redirect_uri) = query.filled("redirect_uri").filter(|_| known) else {
            return self.refused(BAD_REQUEST);
        };
        if query.first("response_type") != Some("code") {
            return self.refused(BAD_REQUEST);
        }
        let code = self.code(redirect_uri, now);
        let data = query.first("data").unwrap_or_default();
        let location = with_params(redirect_uri, &[("code", &code), ("data", data)]);
        Reply::answered(Answer::new(302).header("location", &location))
    }

    /// The code is burnt before anything else is looked at.
    fn redeem(&self, call: &Call, now: i64) -> Reply {
        let query = call.query();
        let mut state = self.state();
        let shown = query
            .filled("code")
            .and_then(|code| state.codes.get_mut(code));
        let burnt = shown.as_ref().is_some_and(|code| code.burnt);
        let matches = shown.is_some_and(|code| {
            let fits = query.first("redirect_uri") == Some(&code.redirect_uri);
            let fresh = !std::mem::replace(&mut code.burnt, true) && now < code.expires_ms;
            fits && fresh
        });
        if let Err(refusal) = self.admit(call, &query, "authorization_code", "code") {
            return self.refused(refusal).reuse(burnt);
        }
        if !matches || state.disabled {
            return self.refused(BAD_CODE).reuse(burnt);
        }
        let family = state.grants.open(&self.rules.client_id, "");
        let pair = self.enter(&mut state, family, 1, Some(opaque()), now);
        self.issued(&pair, 1)
    }

    fn refresh(&self, call: &Call, now: i64) -> Reply {
        let query = call.query();
        if let Err(refusal) = self.admit(call, &query, "refresh_token", "refresh_token") {
            return self.refused(refusal);
        }
        let token = query.first("refresh_token").unwrap_or_default();
        let mut state = self.state();
        if state.disabled {
            return self.refused(BAD_TOKEN);
        }
        match state.grants.spend(token, self.rules.rotation, now) {
            Err(denied) => self.refused(BAD_TOKEN).reuse(denied == Denied::Spent),
            Ok(spent) => {
                let next = self.rules.rotation.renews().then(opaque);
                let mut pair = self.enter(&mut state, spent.family, spent.generation, next, now);
                if self.rules.rotation == Rotation::Repeat {
                    pair.refresh = Some(token.to_owned());
                }
                self.issued(&pair, spent.generation).reuse(spent.reuse)
            }
        }
    }

    /// Method, client, grant type and the one parameter that must be in the URL.
    fn admit(
        &self,
        call: &Call,
        query: &Params,
        grant_type: &str,
        required: &str,
    ) -> Result<(), Refusal> {
        if call.method != "POST" {
            return Err(BAD_METHOD);
        }
        let (id, secret) = call.basic().ok_or(BAD_CLIENT)?;
        if id != self.rules.client_id || secret != self.rules.client_secret {
            return Err(BAD_CLIENT);
        }
        if query.first("grant_type") != Some(grant_type) {
            return Err(BAD_GRANT_TYPE);
        }
        query.filled(required).map(|_| ()).ok_or(BAD_REQUEST)
    }

    fn resource(&self, call: &Call, now: i64) -> Reply {
        let state = self.state();
        let living = call
            .bearer()
            .and_then(|token| state.grants.living(token, now));
        if living.is_none() || state.disabled {
            let Refusal { status, code, text } = NOT_LOGGED_IN;
            let body = json!({ "error": code, "error_description": text });
            return Reply::refused(Answer::json(status, &body), code);
        }
        Reply::answered(Answer::json(200, &json!({ "files": [] })))
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
        let minted = Minted {
            access: &access,
            access_expires_ms: now.saturating_add(millis(self.rules.access_life)),
            refresh: refresh.as_deref(),
            refresh_expires_ms: now.saturating_add(millis(self.rules.refresh_life)),
        };
        let old = if generation > 1 {
            self.rules.old_token
        } else {
            OldToken::Lives
        };
        state.grants.enter(family, generation, old, &minted);
        Pair { access, refresh }
    }

    fn issued(&self, pair: &Pair, generation: u64) -> Reply {
        let mut body = Map::new();
        body.insert(
            self.rules.access_field.clone(),
            Value::from(pair.access.as_str()),
        );
        if let Some(refresh) = &pair.refresh {
            body.insert(
                self.rules.refresh_field.clone(),
                Value::from(refresh.as_str()),
            );
        }
        body.insert(
            self.rules.life_field.clone(),
            Value::from(self.rules.access_life.as_secs()),
        );
        Reply::issued(Answer::json(200, &Value::Object(body)), generation)
    }

    fn refused(&self, Refusal { status, code, text }: Refusal) -> Reply {
        Reply::refused(self.rules.errors.answer(status, code, text), code)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.locked()
    }
}
