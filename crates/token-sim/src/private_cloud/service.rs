//! The endpoints of the private cloud.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::refusals::Refusal;
use super::rules::PrivateCloud;
use crate::answer::Answer;
use crate::api_refusal::ApiRefusal;
use crate::call::{Call, Params, with_params};
use crate::crypto::opaque;
use crate::grants::{Denied, Grants, Pair, millis};
use crate::journal::Kind;
use crate::vendor::{Issued, Reply, Vendor};

const BAD_CLIENT: Refusal = Refusal::new(401, "invalid_client", "Bad client credentials");
const BAD_CODE: Refusal = Refusal::new(400, "invalid_grant", "Invalid authorization code");
const BAD_TOKEN: Refusal = Refusal::new(400, "invalid_grant", "Invalid refresh token");
const BAD_GRANT_TYPE: Refusal =
    Refusal::new(400, "unsupported_grant_type", "Unsupported grant type");
const BAD_REQUEST: Refusal = Refusal::new(400, "invalid_request", "A parameter is missing");
const BAD_METHOD: Refusal = Refusal::new(405, "invalid_request", "Method not allowed");
const NOT_LOGGED_IN: Refusal = Refusal::new(401, "invalid_token", "Invalid access token");

const NO_RIGHT: Refusal = Refusal::new(403, "insufficient_scope", "Insufficient scope");

type State = crate::vendor::State<PrivateCloud>;

pub(crate) struct Code {
    redirect_uri: String,
    expires_ms: i64,
    used: bool,
}

impl Vendor for PrivateCloud {
    type Tokens = Grants;
    /// One-time codes.
    type More = HashMap<String, Code>;

    const NAME: &'static str = "PrivateCloudServer";

    fn kind(&self, call: &Call) -> Kind {
        let path = call.path.as_str();
        match () {
            () if path == self.authorize_path => Kind::Authorization,
            () if path == self.token_path => Kind::Redemption,
            () if path == self.refresh_path => Kind::Refresh,
            () => Kind::Unknown,
        }
    }

    fn serve(&self, state: &mut State, kind: Kind, call: &Call, now: i64) -> Reply {
        match kind {
            Kind::Authorization => self.authorize(state, &call.query(), now),
            Kind::Redemption => self.redeem(state, call, now),
            Kind::Refresh => self.refresh(state, call, now),
            Kind::Resource => self.resource(state, call, now),
            _ => Reply::not_found(),
        }
    }

    fn refusal(&self, text: &str) -> Answer {
        self.errors.answer(BAD_TOKEN.status, BAD_TOKEN.code, text)
    }

    /// The vendor documents none: these are of RFC 6750 section 3.1 and RFC 6585 section 4.
    fn refuse(&self, why: ApiRefusal) -> Reply {
        let Refusal { status, code, text } = match why {
            ApiRefusal::Token => NOT_LOGGED_IN,
            ApiRefusal::Rights => NO_RIGHT,
            ApiRefusal::TooManyRequests => return Reply::too_many_requests(),
        };
        Reply::refused(self.api_errors.answer(status, code, text), code)
    }

    fn grant(&self, state: &mut State, now: i64) -> Issued {
        self.open(state, now).into()
    }
}

impl PrivateCloud {
    pub(super) fn code(&self, state: &mut State, redirect_uri: &str, now: i64) -> String {
        let code = opaque();
        let expires_ms = now.saturating_add(millis(self.code_lifetime));
        let entry = Code {
            redirect_uri: redirect_uri.to_owned(),
            expires_ms,
            used: false,
        };
        state.more.insert(code.clone(), entry);
        code
    }

    fn authorize(&self, state: &mut State, query: &Params, now: i64) -> Reply {
        let known = query.first("client_id") == Some(&self.client_id);
        let Some(redirect_uri) = query.filled("redirect_uri").filter(|_| known) else {
            return self.refused(BAD_REQUEST);
        };
        if query.first("response_type") != Some("code") {
            return self.refused(BAD_REQUEST);
        }
        let code = self.code(state, redirect_uri, now);
        let data = query.first("data").unwrap_or_default();
        let location = with_params(redirect_uri, &[("code", &code), ("data", data)]);
        Reply::answered(Answer::new(302).header("location", &location))
    }

    /// The code is used up before anything else is checked.
    fn redeem(&self, state: &mut State, call: &Call, now: i64) -> Reply {
        let query = call.query();
        let shown = query
            .filled("code")
            .and_then(|code| state.more.get_mut(code));
        let used = shown.as_ref().is_some_and(|code| code.used);
        let matches = shown.is_some_and(|code| {
            let fits = query.first("redirect_uri") == Some(&code.redirect_uri);
            let fresh = !std::mem::replace(&mut code.used, true) && now < code.expires_ms;
            fits && fresh
        });
        if let Err(refusal) = self.admit(call, &query, "authorization_code", "code") {
            return self.refused(refusal).reuse(used);
        }
        if !matches || state.disabled {
            return self.refused(BAD_CODE).reuse(used);
        }
        self.issued(&self.open(state, now))
    }

    fn refresh(&self, state: &mut State, call: &Call, now: i64) -> Reply {
        let query = call.query();
        if let Err(refusal) = self.admit(call, &query, "refresh_token", "refresh_token") {
            return self.refused(refusal);
        }
        let token = query.first("refresh_token").unwrap_or_default();
        if state.disabled {
            return self.refused(BAD_TOKEN);
        }
        let rotation = self.grants.rotation;
        match state.tokens.spend(token, rotation, now) {
            Err(denied) => self.refused(BAD_TOKEN).reuse(denied == Denied::Spent),
            Ok(spent) => {
                let next = rotation.renews().then(opaque);
                let mut pair = self.enter(state, (spent.grant, spent.generation), next, now);
                if rotation.repeats(spent.generation) {
                    pair.refresh = Some(token.to_owned());
                }
                self.issued(&pair).reuse(spent.reuse)
            }
        }
    }

    /// Checks method, client, grant type and the one parameter that must be in the URL.
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
        if id != self.client_id || secret != self.client_secret {
            return Err(BAD_CLIENT);
        }
        if query.first("grant_type") != Some(grant_type) {
            return Err(BAD_GRANT_TYPE);
        }
        query.filled(required).map(|_| ()).ok_or(BAD_REQUEST)
    }

    fn resource(&self, state: &State, call: &Call, now: i64) -> Reply {
        let valid = call
            .bearer()
            .and_then(|token| state.tokens.valid_access(token, now));
        if valid.is_none() || state.disabled {
            return self.refuse(ApiRefusal::Token);
        }
        Reply::answered(Answer::json(200, &json!({ "files": [] })))
    }

    fn open(&self, state: &mut State, now: i64) -> Pair {
        let grant = state.tokens.open();
        self.enter(state, (grant, 1), Some(opaque()), now)
    }

    fn enter(
        &self,
        state: &mut State,
        generation: (usize, u64),
        refresh: Option<String>,
        now: i64,
    ) -> Pair {
        let pair = self.grants.pair(generation, opaque(), refresh, now);
        state.tokens.enter(self.grants.old_token, &pair);
        pair
    }

    fn issued(&self, pair: &Pair) -> Reply {
        let mut body = Map::new();
        body.insert(self.access_field.clone(), Value::from(pair.access.as_str()));
        if let Some(refresh) = &pair.refresh {
            body.insert(self.refresh_field.clone(), Value::from(refresh.as_str()));
        }
        body.insert(
            self.life_field.clone(),
            Value::from(self.grants.access_lifetime.as_secs()),
        );
        Reply::issued(Answer::json(200, &Value::Object(body)), pair.generation)
    }

    fn refused(&self, Refusal { status, code, text }: Refusal) -> Reply {
        Reply::refused(self.errors.answer(status, code, text), code)
    }
}
