//! The first tokens of a grant: client credentials and one-time codes.

use super::consent::CodeTrouble;
use super::flavour::Problem;
use super::lives::LoginAnswer;
use super::server::{Pair, Server, State, refused};
use crate::call::Params;
use crate::random::opaque;
use crate::rotation::Rotation;
use crate::vendor::Reply;

/// Logins with client credentials.
#[derive(Default)]
pub(super) struct Logins {
    /// How many tokens they got.
    count: u64,
    /// The last access token that they got.
    last: String,
}

impl Server {
    /// RFC 6749 section 4.4.3: without a refresh token.
    pub(super) fn client_credentials(&self, now: i64) -> Reply {
        let mut state = self.state();
        if state.disabled {
            return refused(&Problem::new(
                401,
                "invalid_client",
                "Bad client credentials",
            ));
        }
        if let Some(pair) = self.living_login(&state, now) {
            return Reply::repeated(self.success(&pair, now), state.logins.count);
        }
        let mut pair = self.open(&mut state, None, now);
        pair.refresh_expires_ms = None;
        state.logins.count += 1;
        state.logins.last.clone_from(&pair.access);
        self.issued(&pair, state.logins.count, now)
    }

    /// The access token of the last login, if it lives and this server repeats it.
    fn living_login(&self, state: &State, now: i64) -> Option<Pair> {
        if self.rules.login_answer == LoginAnswer::NewToken {
            return None;
        }
        let living = state.grants.living(&state.logins.last, now)?;
        Some(Pair {
            family: living.family,
            access: state.logins.last.clone(),
            access_expires_ms: living.expires_ms,
            refresh: None,
            refresh_expires_ms: None,
            scope: living.scope.to_owned(),
        })
    }

    pub(super) fn redeem(&self, form: &Params, now: i64) -> Reply {
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
        let pair = self.open(&mut state, Some(opaque()), now);
        state.codes.opened(code, pair.family);
        self.issued(&pair, 1, now)
    }

    /// RFC 6749 section 4.1.2: tokens that came of the code should go, and do where reuse is
    /// detected.
    fn code_reused(&self, state: &mut State, family: Option<usize>) -> Reply {
        if let (Some(family), Rotation::Strict) = (family, self.rules.rotation) {
            state.grants.kill_family(family);
        }
        refused(&Problem::new(
            400,
            "invalid_grant",
            "Invalid authorization code",
        ))
        .reuse(true)
    }
}
