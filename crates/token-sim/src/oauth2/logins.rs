//! The first tokens of a grant: client credentials and one-time codes.

use super::codes::CodeRefusal;
use super::issue::State;
use super::product::ErrorResponse;
use super::rules::{LoginAnswer, OAuth2};
use crate::call::Params;
use crate::crypto::opaque;
use crate::grants::Pair;
use crate::rotation::Rotation;
use crate::vendor::Reply;

impl OAuth2 {
    /// RFC 6749 section 4.4.3: without a refresh token.
    pub(super) fn client_credentials(&self, state: &mut State, now: i64) -> Reply {
        if state.disabled {
            return ErrorResponse::new(401, "invalid_client", "Bad client credentials").reply();
        }
        if let Some(pair) = self.current_login(state, now) {
            return Reply::repeated(self.success(&pair, now), pair.generation);
        }
        let mut pair = self.open(state, None, now);
        let last = state.more.last_login.as_ref();
        pair.generation = last.map_or(1, |last| last.generation + 1);
        state.more.last_login = Some(pair.clone());
        self.issued(&pair, now)
    }

    /// Returns the tokens of the last login, if they are valid and this server repeats them.
    fn current_login(&self, state: &State, now: i64) -> Option<Pair> {
        let last = state.more.last_login.as_ref()?;
        let valid = state.tokens.valid_access(&last.access, now).is_some();
        (valid && self.login_answer == LoginAnswer::CurrentToken).then(|| last.clone())
    }

    pub(super) fn redeem(&self, state: &mut State, form: &Params, now: i64) -> Reply {
        let Some(code) = form.filled("code") else {
            return ErrorResponse::invalid_request("An authorization code must be supplied.")
                .reply();
        };
        if state.disabled {
            return ErrorResponse::invalid_grant("User is disabled").reply();
        }
        match state.more.codes.redeem(code, form, now) {
            Err(CodeRefusal::Invalid(error)) => return error.reply(),
            Err(CodeRefusal::Reused(grant)) => return self.code_reused(state, grant),
            Ok(()) => {}
        }
        let pair = self.open(state, Some(opaque()), now);
        state.more.codes.opened(code, pair.grant);
        self.issued(&pair, now)
    }

    /// RFC 6749 section 4.1.2: tokens issued for the code should be revoked, and are if reuse is
    /// detected.
    fn code_reused(&self, state: &mut State, grant: Option<usize>) -> Reply {
        if let (Some(grant), Rotation::Strict) = (grant, self.grants.rotation) {
            state.tokens.revoke_grant(grant);
        }
        ErrorResponse::invalid_grant("Invalid authorization code")
            .reply()
            .reuse(true)
    }
}
