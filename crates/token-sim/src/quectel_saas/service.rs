//! The endpoints of the SaaS API.

use serde_json::json;

use super::rules::{LOGIN, QuectelSaas, REFRESH, RepeatedLifetime};
use crate::access_tokens::{AccessToken, AccessTokens};
use crate::answer::Answer;
use crate::api_refusal::ApiRefusal;
use crate::call::{Call, Params};
use crate::crypto::{jwt, opaque, sha256_hex};
use crate::grants::millis;
use crate::journal::Kind;
use crate::rotation::OldToken;
use crate::vendor::{Issued, Refusal, Reply, Vendor};

/// Ten minutes, according to the older text of the documents.
const TOLERANCE_MS: i64 = 600_000;
const UNAUTHORIZED: i64 = 401;
const BAD_PARAMETER: i64 = 50_005;
const NO_ACCESS_KEY: i64 = 90_047;
const NO_PERMISSION: Refusal = Refusal(91_005, "Doesn't have permission");

type State = crate::vendor::State<QuectelSaas>;

impl Vendor for QuectelSaas {
    type Tokens = AccessTokens;
    type More = ();

    const NAME: &'static str = "QuectelSaasServer";

    fn kind(&self, call: &Call) -> Kind {
        match call.path.as_str() {
            LOGIN => Kind::Login,
            REFRESH => Kind::Refresh,
            _ => Kind::Unknown,
        }
    }

    fn serve(&self, state: &mut State, kind: Kind, call: &Call, now: i64) -> Reply {
        let served = match kind {
            Kind::Login => self.login(state, &call.query(), now),
            Kind::Refresh => self.refresh(state, &call.query(), now),
            Kind::Resource => return self.resource(state, call, now),
            _ => return Reply::not_found(),
        };
        served.unwrap_or_else(|Refusal(code, text)| Reply::refused(self.failure(code, text), code))
    }

    fn refusal(&self, text: &str) -> Answer {
        self.failure(UNAUTHORIZED, text)
    }

    /// The vendor documents no limit of the rate.
    fn refuse(&self, why: ApiRefusal) -> Reply {
        match why {
            ApiRefusal::Token => api_refused(401, self.refused_token.refusal()),
            ApiRefusal::Rights => api_refused(403, NO_PERMISSION),
            ApiRefusal::TooManyRequests => Reply::too_many_requests(),
        }
    }

    fn grant(&self, state: &mut State, now: i64) -> Issued {
        self.mint(state, now).into()
    }
}

impl QuectelSaas {
    fn login(&self, state: &mut State, query: &Params, now: i64) -> Result<Reply, Refusal> {
        if query.first("grant_type") != Some("password") {
            return Err(Refusal(BAD_PARAMETER, "grant_type must be password"));
        }
        let user = query
            .filled("username")
            .ok_or(Refusal(BAD_PARAMETER, "username is missing"))?;
        let password = query
            .filled("password")
            .ok_or(Refusal(BAD_PARAMETER, "password is missing"))?;
        self.check_user(&Params::read(user.as_bytes()), now)?;
        if password != sha256_hex(&format!("{user}{}", self.access_secret)) {
            return Err(Refusal(UNAUTHORIZED, "Unauthorized"));
        }
        if state.disabled {
            return Err(Refusal(NO_ACCESS_KEY, "AccessKey didn't exists"));
        }
        Ok(self.issued(state, query, now))
    }

    /// The user name is itself a query, with its fields in any order.
    fn check_user(&self, user: &Params, now: i64) -> Result<(), Refusal> {
        let fixed = [
            ("ver", "1"),
            ("auth_mode", "accessKey"),
            ("sign_method", "sha256"),
        ];
        if fixed
            .iter()
            .any(|(name, value)| user.first(name) != Some(value))
        {
            return Err(Refusal(BAD_PARAMETER, "username is malformed"));
        }
        let sent: Option<i64> = user.first("timestamp").and_then(|text| text.parse().ok());
        let sent = sent.ok_or(Refusal(BAD_PARAMETER, "timestamp is malformed"))?;
        if now.saturating_sub(sent).saturating_abs() > TOLERANCE_MS {
            return Err(Refusal(BAD_PARAMETER, "timestamp is out of range"));
        }
        if user.first("access_key") != Some(&self.access_key) {
            return Err(Refusal(NO_ACCESS_KEY, "AccessKey didn't exists"));
        }
        Ok(())
    }

    fn refresh(&self, state: &mut State, query: &Params, now: i64) -> Result<Reply, Refusal> {
        if query.first("grant_type") != Some("refresh_token") {
            return Err(Refusal(BAD_PARAMETER, "grant_type must be refresh_token"));
        }
        let token = query
            .filled("refresh_token")
            .ok_or(Refusal(BAD_PARAMETER, "refresh_token is missing"))?;
        let disabled = state.disabled;
        let known = state.tokens.get_mut(token);
        let known = known.filter(|known| known.is_valid(now));
        let known = known.ok_or(Refusal(UNAUTHORIZED, "Unauthorized"))?;
        if disabled {
            known.revoked = true;
            return Err(Refusal(NO_ACCESS_KEY, "AccessKey didn't exists"));
        }
        if now.saturating_sub(known.touched_ms) < millis(self.same_within) {
            let answer = self.success(token, query, self.told_lifetime(known, now));
            return Ok(Reply::repeated(answer, known.generation));
        }
        known.touched_ms = now;
        known.revoked = self.old_token == OldToken::Revoked;
        Ok(self.issued(state, query, now))
    }

    fn issued(&self, state: &mut State, query: &Params, now: i64) -> Reply {
        let token = self.mint(state, now);
        let answer = self.success(&token.text, query, self.life.as_secs());
        Reply::issued(answer, token.generation)
    }

    fn told_lifetime(&self, known: &AccessToken, now: i64) -> u64 {
        match self.repeated_lifetime {
            RepeatedLifetime::Full => self.life.as_secs(),
            RepeatedLifetime::Remaining => {
                u64::try_from((known.expires_ms - now) / 1000).unwrap_or(0)
            }
        }
    }

    fn resource(&self, state: &State, call: &Call, now: i64) -> Reply {
        let token = call.header("authorization").unwrap_or_default();
        if !state.tokens.is_valid(token, now) {
            return self.refuse(ApiRefusal::Token);
        }
        let body = json!({ "code": 200, "msg": "OK", "data": [] });
        Reply::answered(Answer::json(200, &body))
    }

    fn mint(&self, state: &mut State, now: i64) -> AccessToken {
        let expires_ms = now.saturating_add(millis(self.life));
        let claims = json!({
            "sub": "29494",
            "iat": now / 1000,
            "jti": opaque(),
            "uty": "per",
            "exp": expires_ms / 1000,
            "am": "AccessKey",
            "sp": "",
        });
        let token = format!("QJWT {}", jwt(&claims, self.access_secret.as_bytes()));
        state.tokens.issue(token, self.life, now)
    }

    fn success(&self, token: &str, query: &Params, life: u64) -> Answer {
        let body = json!({
            "msg": "OK",
            "access_token": token,
            "code": 200,
            "scope": query.first("scope").unwrap_or_default(),
            "token_type": "jwt",
            "expires_in": life,
        });
        Answer::json(200, &body)
    }

    fn failure(&self, code: i64, text: &str) -> Answer {
        let body = json!({ "msg": text, "code": code, "error": text });
        Answer::json(self.failure_status, &body)
    }
}

fn api_refused(status: u16, Refusal(code, text): Refusal) -> Reply {
    let body = json!({ "code": code, "msg": text });
    Reply::refused(Answer::json(status, &body), code)
}
