//! The endpoints of the app API.

use serde_json::{Value, json};

use super::accounts::Accounts;
use super::answers::{
    ADDRESS_BLOCKED, BAD_DOMAIN, BAD_SIGNATURE, BAD_TOKEN, DISABLED, DISABLED_DOMAIN, NO_DOMAIN,
    NO_EMAIL, NO_PASSWORD, NO_PHONE, NO_REFRESH_TOKEN, NO_SIGNATURE, UNKNOWN_DOMAIN, UNKNOWN_EMAIL,
    UNKNOWN_USER, envelope, failure, refused, success,
};
use super::rules::{EMAIL_LOGIN, LOGOUT, PHONE_LOGIN, QuectelEndUser, REFRESH};
use crate::answer::Answer;
use crate::api_refusal::ApiRefusal;
use crate::call::{Call, Params};
use crate::crypto::{jwt, opaque, quectel_password, sha256_hex};
use crate::grants::{Denied, Grants, Pair};
use crate::journal::Kind;
use crate::vendor::{Issued, Refusal, Reply, Vendor};

type State = crate::vendor::State<QuectelEndUser>;

impl Vendor for QuectelEndUser {
    type Tokens = Grants;
    type More = Accounts;

    const NAME: &'static str = "QuectelEndUserServer";

    fn kind(&self, call: &Call) -> Kind {
        match call.path.as_str() {
            EMAIL_LOGIN | PHONE_LOGIN => Kind::Login,
            REFRESH => Kind::Refresh,
            LOGOUT => Kind::Revocation,
            _ => Kind::Unknown,
        }
    }

    fn serve(&self, state: &mut State, kind: Kind, call: &Call, now: i64) -> Reply {
        match (kind, call.method.as_str()) {
            (Kind::Login, "POST") => self.login(state, call, now).unwrap_or_else(refused),
            (Kind::Refresh, "PUT") => self
                .refresh(state, &call.parameters(), now)
                .unwrap_or_else(refused),
            (Kind::Revocation, "DELETE") => self.logout(state, call, now),
            (Kind::Resource, _) => self.resource(state, call, now),
            (Kind::Login | Kind::Refresh | Kind::Revocation, _) => {
                Reply::refused(Answer::new(405), 405)
            }
            _ => Reply::not_found(),
        }
    }

    fn refusal(&self, text: &str) -> Answer {
        failure(BAD_TOKEN.0, text)
    }

    /// The vendor documents no limit of the rate, and a block of the address.
    fn refuse(&self, why: ApiRefusal) -> Reply {
        let (status, Refusal(code, text)) = match why {
            ApiRefusal::Token => (401, BAD_TOKEN),
            ApiRefusal::Rights => (403, DISABLED),
            ApiRefusal::TooManyRequests => (429, ADDRESS_BLOCKED),
        };
        let body = envelope(code, text, &Value::Null);
        Reply::refused(Answer::json(status, &body), code)
    }

    fn grant(&self, state: &mut State, now: i64) -> Issued {
        self.open(state, now).into()
    }
}

impl QuectelEndUser {
    fn login(&self, state: &mut State, call: &Call, now: i64) -> Result<Reply, Refusal> {
        let params = call.parameters();
        state.more.admit_call(now)?;
        self.check_domain(state, &params)?;
        if call.path == EMAIL_LOGIN {
            self.check_email(&params)?;
        } else {
            self.check_phone(&params)?;
        }
        state.more.admit(now)?;
        admit_user(state)?;
        if !self.is_password(&params) {
            return Err(state.more.failed(self.attempts_left, now));
        }
        state.more.succeeded();
        Ok(Reply::issued(success(&self.open(state, now)), 1))
    }

    fn check_email(&self, params: &Params) -> Result<(), Refusal> {
        let email = params.filled("email").ok_or(NO_EMAIL)?;
        self.check_signature(params, email)?;
        if email == self.user.email {
            Ok(())
        } else {
            Err(UNKNOWN_EMAIL)
        }
    }

    fn check_phone(&self, params: &Params) -> Result<(), Refusal> {
        let code = params.first("internationalCode").unwrap_or_default();
        let phone = params.filled("phone").ok_or(NO_PHONE)?;
        self.check_signature(params, &format!("{code}{phone}"))?;
        if phone == self.user.phone {
            Ok(())
        } else {
            Err(UNKNOWN_USER)
        }
    }

    fn check_domain(&self, state: &State, params: &Params) -> Result<(), Refusal> {
        let domain = params.filled("userDomain").ok_or(NO_DOMAIN)?;
        if domain.contains(char::is_whitespace) {
            return Err(BAD_DOMAIN);
        }
        if domain != self.user_domain {
            return Err(UNKNOWN_DOMAIN);
        }
        if state.more.domain_disabled {
            Err(DISABLED_DOMAIN)
        } else {
            Ok(())
        }
    }

    fn check_signature(&self, params: &Params, who: &str) -> Result<(), Refusal> {
        let password = params.filled("pwd").ok_or(NO_PASSWORD)?;
        let random = params.first("random").unwrap_or_default();
        let signature = params.filled("signature").ok_or(NO_SIGNATURE)?;
        let secret = &self.user_domain_secret;
        let signed = sha256_hex(&format!("{who}{password}{random}{secret}"));
        if signature == signed {
            Ok(())
        } else {
            Err(BAD_SIGNATURE)
        }
    }

    /// Without `random` the password is taken as plain text: it is documented as optional.
    fn is_password(&self, params: &Params) -> bool {
        let sent = params.first("pwd").unwrap_or_default();
        let plain = match params.filled("random") {
            Some(random) => quectel_password(sent, random),
            None => Some(sent.to_owned()),
        };
        plain.as_ref() == Some(&self.user.password)
    }

    fn refresh(&self, state: &mut State, params: &Params, now: i64) -> Result<Reply, Refusal> {
        let token = params.filled("refreshToken").ok_or(NO_REFRESH_TOKEN)?;
        state.more.admit_call(now)?;
        admit_user(state)?;
        match state.tokens.spend(token, self.grants.rotation, now) {
            Err(denied) => Ok(refused(BAD_TOKEN).reuse(denied == Denied::Spent)),
            Ok(spent) => {
                let kept = (!self.grants.rotation.renews()).then_some(token);
                let pair = self.enter(state, (spent.grant, spent.generation), kept, now);
                Ok(Reply::issued(success(&pair), pair.generation).reuse(spent.reuse))
            }
        }
    }

    fn logout(&self, state: &mut State, call: &Call, now: i64) -> Reply {
        let token = call.header("authorization").unwrap_or_default();
        let Some(grant) = state
            .tokens
            .valid_access(token, now)
            .map(|valid| valid.grant)
        else {
            return refused(BAD_TOKEN);
        };
        state.tokens.revoke_grant(grant);
        Reply::answered(Answer::json(200, &envelope(200, "", &Value::Null)))
    }

    fn resource(&self, state: &State, call: &Call, now: i64) -> Reply {
        let token = call.header("authorization").unwrap_or_default();
        if state.disabled || state.tokens.valid_access(token, now).is_none() {
            return self.refuse(ApiRefusal::Token);
        }
        Reply::answered(Answer::json(
            200,
            &envelope(200, "", &json!({ "uid": "U1" })),
        ))
    }

    fn open(&self, state: &mut State, now: i64) -> Pair {
        let grant = state.tokens.open();
        self.enter(state, (grant, 1), None, now)
    }

    fn enter(
        &self,
        state: &mut State,
        (grant, generation): (usize, u64),
        kept: Option<&str>,
        now: i64,
    ) -> Pair {
        let access_expires_ms = whole_seconds(self.grants.access_expiry(now));
        let refresh_expires_ms = whole_seconds(self.grants.refresh_expiry(now));
        let refresh = kept.map(str::to_owned);
        let refresh = refresh.unwrap_or_else(|| self.mint("RefreshToken", refresh_expires_ms, now));
        let pair = Pair {
            grant,
            generation,
            access: self.mint("AccessToken", access_expires_ms, now),
            access_expires_ms,
            refresh: Some(refresh),
            refresh_expires_ms: Some(refresh_expires_ms),
        };
        state.tokens.enter(self.grants.old_token, &pair);
        pair
    }

    fn mint(&self, kind: &str, expires_ms: i64, now: i64) -> String {
        let now = now / 1000;
        let claims = json!({
            "iss": "enduser",
            "aud": "Audience",
            "uid": "U1",
            "type": kind,
            "jti": opaque(),
            "iat": now,
            "nbf": now - 120,
            "exp": expires_ms / 1000,
        });
        format!(
            "Bearer {}",
            jwt(&claims, self.user_domain_secret.as_bytes())
        )
    }
}

fn admit_user(state: &State) -> Result<(), Refusal> {
    if state.disabled {
        Err(DISABLED)
    } else {
        Ok(())
    }
}

/// Returns the expiry, which the vendor reports in whole seconds.
fn whole_seconds(unix_ms: i64) -> i64 {
    unix_ms - unix_ms.rem_euclid(1000)
}
