//! The refresh (RFC 6749 section 6), by the server's rotation policy.

use super::issue::{Issue, State};
use super::product::Problem;
use super::rules::{OAuth2, RefreshTokenExpiry};
use crate::call::Params;
use crate::crypto::opaque;
use crate::grants::{Denied, Spent};
use crate::vendor::Reply;

impl OAuth2 {
    pub(super) fn refresh(&self, state: &mut State, form: &Params, now: i64) -> Reply {
        let Some(token) = form.filled("refresh_token") else {
            return Problem::new(400, "invalid_request", "A refresh token must be supplied.")
                .reply();
        };
        let grant = state.grants.of_refresh(token);
        if state.disabled {
            return self
                .invalid_refresh_token(token, Denied::Revoked)
                .about(grant);
        }
        match state.grants.spend(token, self.rotation, now) {
            Err(denied) => self.invalid_refresh_token(token, denied).about(grant),
            Ok(spent) => self.refreshed(state, token, &spent, now),
        }
    }

    fn refreshed(&self, state: &mut State, token: &str, spent: &Spent, now: i64) -> Reply {
        let refresh_expires_ms = self.refresh_end(spent, now);
        let renews = self.rotation.renews();
        if !renews {
            state.grants.end_refresh_at(token, refresh_expires_ms);
        }
        let mut pair = self.enter(
            state,
            Issue {
                grant: spent.grant,
                generation: spent.generation,
                refresh: renews.then(opaque),
                refresh_expires_ms,
            },
            now,
        );
        if self.rotation.repeats(spent.generation) {
            pair.refresh = Some(token.to_owned());
        }
        self.issued(&pair, spent.generation, now).reuse(spent.reuse)
    }

    /// Returns when the refresh token expires that the client has after this exchange.
    fn refresh_end(&self, spent: &Spent, now: i64) -> i64 {
        match self.refresh_end {
            RefreshTokenExpiry::Fixed => spent.refresh_expires_ms,
            RefreshTokenExpiry::AfterIssue if !self.rotation.renews() => spent.refresh_expires_ms,
            RefreshTokenExpiry::AfterIssue | RefreshTokenExpiry::Sliding => {
                self.whole_refresh_lifetime(now)
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
