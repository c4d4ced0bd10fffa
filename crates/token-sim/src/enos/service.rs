//! The token service and the gateway behind it.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::request::{
    BAD_HASH, BAD_SIGNATURE, DUPLICATED, EXHAUSTED, EXPIRED, INVALID, NO_APP, NO_PERMISSION,
    NOT_REFRESHED, Signed, UNAUTHENTICATED, digits, text,
};
use super::rules::{Enos, GET, REFRESH, StatusSpelling};
use crate::access_tokens::{AccessToken, AccessTokens};
use crate::answer::Answer;
use crate::api_refusal::ApiRefusal;
use crate::call::Call;
use crate::crypto::{opaque, sha256_hex};
use crate::grants::millis;
use crate::journal::Kind;
use crate::rotation::OldToken;
use crate::vendor::{Issued, Refusal, Reply, Vendor};

type State = crate::vendor::State<Enos>;

impl Vendor for Enos {
    type Tokens = AccessTokens;
    /// The encryptions that were used.
    type More = HashSet<String>;

    const NAME: &'static str = "EnosServer";

    fn kind(&self, call: &Call) -> Kind {
        match call.path.as_str() {
            GET => Kind::Login,
            REFRESH => Kind::Refresh,
            _ => Kind::Unknown,
        }
    }

    fn serve(&self, state: &mut State, kind: Kind, call: &Call, now: i64) -> Reply {
        match kind {
            Kind::Resource => self.resource(state, call, now),
            Kind::Login | Kind::Refresh if call.method == "POST" => {
                let served = self.token(state, kind, call, now);
                served.unwrap_or_else(|Refusal(code, text)| {
                    Reply::refused(self.answer(kind, code, text, None), code)
                })
            }
            Kind::Login | Kind::Refresh => Reply::refused(Answer::new(405), 405),
            _ => Reply::not_found(),
        }
    }

    fn refusal(&self, text: &str) -> Answer {
        self.answer(Kind::Refresh, NOT_REFRESHED.0, text, None)
    }

    fn refuse(&self, why: ApiRefusal) -> Reply {
        match why {
            ApiRefusal::Token => refused_by_gateway(401, UNAUTHENTICATED),
            ApiRefusal::Rights => refused_by_gateway(403, NO_PERMISSION),
            ApiRefusal::TooManyRequests => refused_by_gateway(429, EXHAUSTED),
        }
    }

    fn grant(&self, state: &mut State, now: i64) -> Issued {
        let current = state.tokens.current(now);
        current.unwrap_or_else(|| self.mint(state, now)).into()
    }
}

impl Enos {
    fn token(
        &self,
        state: &mut State,
        kind: Kind,
        call: &Call,
        now: i64,
    ) -> Result<Reply, Refusal> {
        let body = call.json().ok_or(INVALID)?;
        self.admit(state, &body, now)?;
        match kind {
            Kind::Refresh => self.refresh(state, text(&body, "accessToken")?, now),
            _ => Ok(self.get(state, now)),
        }
    }

    fn admit(&self, state: &mut State, body: &Value, now: i64) -> Result<(), Refusal> {
        let app_key = text(body, "appKey")?;
        let encryption = text(body, "encryption")?;
        let timestamp = digits(body)?;
        if state.disabled || app_key != self.app_key {
            return Err(NO_APP);
        }
        if encryption != sha256_hex(&format!("{app_key}{timestamp}{}", self.app_secret)) {
            return Err(BAD_HASH);
        }
        if !self.is_near(&timestamp, now) {
            return Err(BAD_HASH);
        }
        if !state.more.insert(encryption.to_owned()) {
            return Err(DUPLICATED);
        }
        Ok(())
    }

    fn is_near(&self, timestamp: &str, now: i64) -> bool {
        let near = |sent: i64| now.saturating_sub(sent).saturating_abs() <= millis(self.tolerance);
        timestamp.parse().is_ok_and(near)
    }

    fn get(&self, state: &mut State, now: i64) -> Reply {
        if let Some(token) = state.tokens.current(now) {
            let answer = self.success(Kind::Login, &token, now);
            return Reply::repeated(answer, token.generation);
        }
        self.issued(Kind::Login, state, now)
    }

    fn refresh(&self, state: &mut State, token: &str, now: i64) -> Result<Reply, Refusal> {
        let token = state.tokens.get_mut(token).filter(|token| !token.revoked);
        let token = token.ok_or(NOT_REFRESHED)?;
        if !token.is_valid(now) {
            return Err(EXPIRED);
        }
        token.revoked = self.old_token == OldToken::Revoked;
        Ok(self.issued(Kind::Refresh, state, now))
    }

    fn issued(&self, kind: Kind, state: &mut State, now: i64) -> Reply {
        let token = self.mint(state, now);
        Reply::issued(self.success(kind, &token, now), token.generation)
    }

    fn mint(&self, state: &mut State, now: i64) -> AccessToken {
        state.tokens.issue(opaque(), self.life, now)
    }

    fn success(&self, kind: Kind, token: &AccessToken, now: i64) -> Answer {
        let left = (token.expires_ms - now) / 1000;
        let data = json!({ "accessToken": token.text, "expire": left });
        self.answer(kind, 0, "SUCCESS", Some(&data))
    }

    fn answer(&self, kind: Kind, status: i64, msg: &str, data: Option<&Value>) -> Answer {
        // The misspelling occurs once in the vendor's page: in the sample of a successful `get`.
        let is_sample = kind == Kind::Login && data.is_some();
        let field = match self.spelling {
            StatusSpelling::Stauts => "stauts",
            StatusSpelling::AsInSamples if is_sample => "stauts",
            StatusSpelling::AsInSamples | StatusSpelling::Status => "status",
        };
        let body =
            json!({ field: status, "msg": msg, "business": "apim-token-service", "data": data });
        Answer::json(200, &body)
    }

    fn resource(&self, state: &State, call: &Call, now: i64) -> Reply {
        let token = call.header("apim-accesstoken").unwrap_or_default();
        if state.disabled || !state.tokens.is_valid(token, now) {
            return self.refuse(ApiRefusal::Token);
        }
        if !is_upload(call) && !self.is_signed(call, token, now) {
            return refused_by_gateway(401, BAD_SIGNATURE);
        }
        Reply::answered(Answer::json(
            200,
            &json!({ "status": 0, "msg": "SUCCESS", "data": [] }),
        ))
    }

    fn is_signed(&self, call: &Call, token: &str, now: i64) -> bool {
        let timestamp = call.header("apim-timestamp").unwrap_or_default();
        let query = call.query();
        let secret = &self.app_secret;
        let signed = Signed {
            token,
            query: &query,
            body: &call.body,
            timestamp,
            secret,
        };
        self.is_near(timestamp, now) && call.header("apim-signature") == Some(&signed.signature())
    }
}

fn refused_by_gateway(http_status: u16, Refusal(status, msg): Refusal) -> Reply {
    let body = json!({ "status": status, "msg": msg });
    Reply::refused(Answer::json(http_status, &body), status)
}

fn is_upload(call: &Call) -> bool {
    call.header("content-type")
        .unwrap_or_default()
        .starts_with("multipart/")
}
