//! The endpoints, and those besides the token endpoint.

use serde_json::json;

use super::clients::authenticate;
use super::codes::CodeRequest;
use super::issue::{CodesAndLogins, State};
use super::product::ErrorResponse;
use super::rules::OAuth2;
use crate::answer::Answer;
use crate::api_refusal::ApiRefusal;
use crate::call::{Call, Params};
use crate::crypto::opaque;
use crate::grants::Grants;
use crate::journal::Kind;
use crate::vendor::{Issued, Reply, Vendor};

impl Vendor for OAuth2 {
    type Tokens = Grants;
    type More = CodesAndLogins;

    const NAME: &'static str = "OAuth2Server";

    fn kind(&self, call: &Call) -> Kind {
        let path = call.path.as_str();
        if path == self.token_path {
            return kind_of_grant(call.form().first("grant_type"));
        }
        let beside = |name| path == self.beside_token(name);
        match () {
            () if beside("authorize") => Kind::Authorization,
            () if beside("introspect") => Kind::Introspection,
            () if beside("revoke") => Kind::Revocation,
            () if beside("userinfo") => Kind::Resource,
            () => Kind::Unknown,
        }
    }

    fn serve(&self, state: &mut State, kind: Kind, call: &Call, now: i64) -> Reply {
        match kind {
            Kind::Login | Kind::Refresh | Kind::Redemption => self
                .token(state, call, now)
                .refused_with(self.refusal_status),
            Kind::Authorization => self.authorize(state, call, now),
            Kind::Introspection => self.introspect(state, call, now),
            Kind::Revocation => self.revoke(state, call),
            Kind::Resource => self.resource(state, call, now),
            _ => Reply::not_found(),
        }
    }

    fn refusal(&self, text: &str) -> Answer {
        ErrorResponse::invalid_grant(text).answer()
    }

    fn refuse(&self, why: ApiRefusal) -> Reply {
        match why {
            ApiRefusal::Token => self.product.invalid_access_token("").reply(),
            ApiRefusal::Rights => insufficient_scope(),
            ApiRefusal::TooManyRequests => Reply::too_many_requests(),
        }
    }

    fn grant(&self, state: &mut State, now: i64) -> Issued {
        self.open(state, Some(opaque()), now).into()
    }
}

impl OAuth2 {
    fn token(&self, state: &mut State, call: &Call, now: i64) -> Reply {
        let form = call.form();
        if let Err(error) = self.admit(call, &form) {
            return error.reply();
        }
        match form.filled("grant_type") {
            Some("refresh_token") => self.refresh(state, &form, now),
            Some("client_credentials") => self.client_credentials(state, now),
            Some("authorization_code") => self.redeem(state, &form, now),
            Some(_) => {
                ErrorResponse::new(400, "unsupported_grant_type", "Unsupported grant type").reply()
            }
            None => ErrorResponse::invalid_request("Missing grant type").reply(),
        }
    }

    fn admit(&self, call: &Call, form: &Params) -> Result<(), ErrorResponse> {
        if call.method != "POST" {
            return Err(ErrorResponse::new(
                405,
                "invalid_request",
                "Request method not supported",
            ));
        }
        authenticate(self, call, form)?;
        self.admit_scope(form)
    }

    fn admit_scope(&self, form: &Params) -> Result<(), ErrorResponse> {
        let wanted = form.first("scope").unwrap_or_default();
        let granted = |scope: &str| self.scope.split(' ').any(|known| known == scope);
        match wanted
            .split_ascii_whitespace()
            .find(|scope| !granted(scope))
        {
            None => Ok(()),
            Some(scope) => Err(ErrorResponse::new(
                400,
                "invalid_scope",
                format!("Invalid scope: {scope}"),
            )),
        }
    }

    fn authorize(&self, state: &mut State, call: &Call, now: i64) -> Reply {
        match CodeRequest::read(self, call) {
            Err(error) => error.reply(),
            Ok((request, client_state)) => {
                let code = state.more.codes.make(request.clone(), self, now);
                Reply::answered(
                    Answer::new(302).header("location", &request.location(&code, &client_state)),
                )
            }
        }
    }

    /// RFC 7662 section 2.2.
    fn introspect(&self, state: &State, call: &Call, now: i64) -> Reply {
        let form = call.form();
        if let Err(error) = authenticate(self, call, &form) {
            return error.reply();
        }
        let token = form.first("token").unwrap_or_default();
        let valid = state
            .tokens
            .valid_access(token, now)
            .or_else(|| state.tokens.valid_refresh(token, now));
        let body = match valid.filter(|_| !state.disabled) {
            None => json!({ "active": false }),
            Some(valid) => json!({
                "active": true,
                "client_id": self.client_id,
                "scope": self.scope,
                "exp": valid.expires_ms / 1000,
                "token_type": "Bearer",
            }),
        };
        Reply::answered(Answer::json(200, &body))
    }

    /// RFC 7009 section 2.2: 200 for an unknown token too.
    fn revoke(&self, state: &mut State, call: &Call) -> Reply {
        let form = call.form();
        if let Err(error) = authenticate(self, call, &form) {
            return error.reply();
        }
        let token = form.first("token").unwrap_or_default();
        state.tokens.revoke(token);
        Reply::answered(Answer::new(200)).about(state.tokens.of_refresh(token))
    }

    fn resource(&self, state: &State, call: &Call, now: i64) -> Reply {
        let Some(token) = call.bearer() else {
            let text = "Full authentication is required to access this resource";
            return ErrorResponse::new(401, "unauthorized", text).reply();
        };
        if state.disabled || state.tokens.valid_access(token, now).is_none() {
            return self.product.invalid_access_token(token).reply();
        }
        let body = json!({ "id": self.client_id, "scope": self.scope });
        Reply::answered(Answer::json(200, &body))
    }
}

fn kind_of_grant(grant_type: Option<&str>) -> Kind {
    match grant_type {
        Some("refresh_token") => Kind::Refresh,
        Some("authorization_code") => Kind::Redemption,
        _ => Kind::Login,
    }
}

/// RFC 6750 section 3.1. The text is that of Spring Security OAuth2.
fn insufficient_scope() -> Reply {
    let text = "Insufficient scope for this resource";
    let mut reply = ErrorResponse::new(403, "insufficient_scope", text).reply();
    let challenge = "Bearer error=\"insufficient_scope\"";
    reply.answer = reply.answer.header("www-authenticate", challenge);
    reply
}
