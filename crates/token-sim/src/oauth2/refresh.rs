//! The refresh (RFC 6749 section 6), by the server's rotation policy.

use super::issue::State;
use super::product::ErrorResponse;
use super::rules::{OAuth2, RefreshTokenExpiry};
use crate::call::Params;
use crate::crypto::opaque;
use crate::grants::{Denied, Spent};
use crate::vendor::Reply;

impl OAuth2 {
    pub(super) fn refresh(&self, state: &mut State, form: &Params, now: i64) -> Reply {
        let Some(token) = form.filled("refresh_token") else {
            return ErrorResponse::invalid_request("A refresh token must be supplied.").reply();
        };
        let grant = state.tokens.of_refresh(token);
        if state.disabled {
            return self
                .invalid_refresh_token(token, Denied::Revoked)
                .about(grant);
        }
        match state.tokens.spend(token, self.grants.rotation, now) {
            Err(denied) => self.invalid_refresh_token(token, denied).about(grant),
            Ok(spent) => self.refreshed(state, token, &spent, now),
        }
    }

    fn refreshed(&self, state: &mut State, token: &str, spent: &Spent, now: i64) -> Reply {
        let Spent {
            grant, generation, ..
        } = *spent;
        let rotation = self.grants.rotation;
        let next = rotation.renews().then(opaque);
        let mut pair = self.grants.pair((grant, generation), opaque(), next, now);
        let expires_ms = self.refresh_end(spent, now);
        pair.refresh_expires_ms = Some(expires_ms);
        if !rotation.renews() {
            state.tokens.end_refresh_at(token, expires_ms);
        }
        state.tokens.enter(self.grants.old_token, &pair);
        if rotation.repeats(generation) {
            pair.refresh = Some(token.to_owned());
        }
        self.issued(&pair, now).reuse(spent.reuse)
    }

    /// Returns when the refresh token expires that the client has after this exchange.
    fn refresh_end(&self, spent: &Spent, now: i64) -> i64 {
        match self.refresh_end {
            RefreshTokenExpiry::Fixed => spent.refresh_expires_ms,
            RefreshTokenExpiry::AfterIssue if !self.grants.rotation.renews() => {
                spent.refresh_expires_ms
            }
            RefreshTokenExpiry::AfterIssue | RefreshTokenExpiry::Sliding => {
                self.grants.refresh_expiry(now)
            }
        }
    }

    fn invalid_refresh_token(&self, token: &str, denied: Denied) -> Reply {
        let reply = match self.invalid_grant {
            Some(error) => error.refuse(token),
            None => self.product.invalid_refresh_token(token, denied).reply(),
        };
        reply.reuse(denied == Denied::Spent)
    }
}
