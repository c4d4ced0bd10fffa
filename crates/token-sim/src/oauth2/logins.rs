//! The first tokens of a grant: client credentials and one-time codes.

use super::codes::CodeTrouble;
use super::issue::{Pair, State};
use super::product::Problem;
use super::rules::{LoginAnswer, OAuth2};
use crate::call::Params;
use crate::crypto::opaque;
use crate::rotation::Rotation;
use crate::vendor::Reply;

impl OAuth2 {
    /// RFC 6749 section 4.4.3: without a refresh token.
    pub(super) fn client_credentials(&self, state: &mut State, now: i64) -> Reply {
        if state.disabled {
            return Problem::new(401, "invalid_client", "Bad client credentials").reply();
        }
        if let Some(pair) = self.current_login(state, now) {
            return Reply::repeated(self.success(&pair, now), state.logins.count);
        }
        let mut pair = self.open(state, None, now);
        pair.refresh_expires_ms = None;
        state.logins.count += 1;
        state.logins.last.clone_from(&pair.access);
        self.issued(&pair, state.logins.count, now)
    }

    /// Returns the access token of the last login, if it is valid and this server repeats it.
    fn current_login(&self, state: &State, now: i64) -> Option<Pair> {
        if self.login_answer == LoginAnswer::NewToken {
            return None;
        }
        let valid = state.grants.valid_access(&state.logins.last, now)?;
        Some(Pair {
            grant: valid.grant,
            access: state.logins.last.clone(),
            access_expires_ms: valid.expires_ms,
            refresh: None,
            refresh_expires_ms: None,
            scope: valid.scope.to_owned(),
        })
    }

    pub(super) fn redeem(&self, state: &mut State, form: &Params, now: i64) -> Reply {
        let Some(code) = form.filled("code") else {
            return Problem::new(
                400,
                "invalid_request",
                "An authorization code must be supplied.",
            )
            .reply();
        };
        if state.disabled {
            return Problem::new(400, "invalid_grant", "User is disabled").reply();
        }
        match state.codes.redeem(code, form, now) {
            Err(CodeTrouble::Invalid(problem)) => return problem.reply(),
            Err(CodeTrouble::Reused(grant)) => return self.code_reused(state, grant),
            Ok(()) => {}
        }
        let pair = self.open(state, Some(opaque()), now);
        state.codes.opened(code, pair.grant);
        self.issued(&pair, 1, now)
    }

    /// RFC 6749 section 4.1.2: tokens issued for the code should be revoked, and are if reuse is
    /// detected.
    fn code_reused(&self, state: &mut State, grant: Option<usize>) -> Reply {
        if let (Some(grant), Rotation::Strict) = (grant, self.rotation) {
            state.grants.revoke_grant(grant);
        }
        Problem::new(400, "invalid_grant", "Invalid authorization code")
            .reply()
            .reuse(true)
    }
}
