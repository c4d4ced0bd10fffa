//! Which endpoint a request is for, and the endpoints beside the token endpoint.

use serde_json::json;

use super::clients::authenticate;
use super::consent::CodeRequest;
use super::flavour::Problem;
use super::server::{Server, refused};
use crate::answer::Answer;
use crate::call::Call;
use crate::journal::Kind;
use crate::vendor::{Reply, Vendor};

impl Vendor for Server {
    fn kind(&self, call: &Call) -> Kind {
        let path = call.path.as_str();
        if path == self.rules.token_path {
            return kind_of_grant(call.form().first("grant_type"));
        }
        let beside = |name| path == self.rules.beside_token(name);
        match () {
            () if beside("authorize") => Kind::Authorization,
            () if beside("introspect") => Kind::Introspection,
            () if beside("revoke") => Kind::Revocation,
            () if beside("userinfo") => Kind::Resource,
            () => Kind::Unknown,
        }
    }

    fn serve(&self, kind: Kind, call: &Call, now: i64) -> Reply {
        match kind {
            Kind::Login | Kind::Refresh | Kind::Redemption => self
                .token(call, now)
                .refused_with(self.rules.refusal_status),
            Kind::Authorization => self.authorize(call, now),
            Kind::Introspection => self.introspect(call, now),
            Kind::Revocation => self.revoke(call),
            Kind::Resource => self.resource(call, now),
            _ => Reply::not_found(),
        }
    }

    fn refusal(&self, text: &str) -> Answer {
        Problem::new(400, "invalid_grant", text).answer()
    }
}

impl Server {
    fn authorize(&self, call: &Call, now: i64) -> Reply {
        match CodeRequest::read(&self.rules, call) {
            Err(problem) => refused(&problem),
            Ok((request, state)) => {
                let code = self.code(request.clone(), now);
                Reply::answered(
                    Answer::new(302).header("location", &request.location(&code, &state)),
                )
            }
        }
    }

    /// RFC 7662 section 2.2.
    fn introspect(&self, call: &Call, now: i64) -> Reply {
        let form = call.form();
        if let Err(problem) = authenticate(&self.rules, call, &form) {
            return refused(&problem);
        }
        let token = form.first("token").unwrap_or_default();
        let state = self.state();
        let living = state
            .grants
            .living(token, now)
            .or_else(|| state.grants.living_refresh(token, now));
        let body = match living.filter(|_| !state.disabled) {
            None => json!({ "active": false }),
            Some(living) => json!({
                "active": true,
                "client_id": living.owner,
                "scope": living.scope,
                "exp": living.expires_ms / 1000,
                "token_type": "Bearer",
            }),
        };
        Reply::answered(Answer::json(200, &body))
    }

    /// RFC 7009 section 2.2: 200 for an unknown token too.
    fn revoke(&self, call: &Call) -> Reply {
        let form = call.form();
        if let Err(problem) = authenticate(&self.rules, call, &form) {
            return refused(&problem);
        }
        let token = form.first("token").unwrap_or_default();
        let mut state = self.state();
        state.grants.revoke(token);
        Reply::answered(Answer::new(200)).about(state.grants.of_refresh(token))
    }

    fn resource(&self, call: &Call, now: i64) -> Reply {
        let Some(token) = call.bearer() else {
            let text = "Full authentication is required to access this resource";
            return refused(&Problem::new(401, "unauthorized", text));
        };
        let state = self.state();
        match state.grants.living(token, now).filter(|_| !state.disabled) {
            None => refused(&self.rules.flavour.dead_access_token(token)),
            Some(living) => {
                let body = json!({ "id": living.owner, "scope": living.scope });
                Reply::answered(Answer::json(200, &body))
            }
        }
    }
}

fn kind_of_grant(grant_type: Option<&str>) -> Kind {
    match grant_type {
        Some("refresh_token") => Kind::Refresh,
        Some("authorization_code") => Kind::Redemption,
        _ => Kind::Login,
    }
}
