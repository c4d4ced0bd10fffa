//! Access tokens that are refreshed themselves: their vendors have no refresh tokens.

use std::time::Duration;

use crate::grants::millis;
use crate::vendor::{Issued, Tokens};

/// All access tokens of one simulated server, in the order of their issue.
#[derive(Default)]
pub(crate) struct AccessTokens(Vec<AccessToken>);

#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) generation: u64,
    /// When it was issued, or last refreshed into another.
    pub(crate) touched_ms: i64,
    pub(crate) expires_ms: i64,
    pub(crate) revoked: bool,
}

impl AccessTokens {
    /// Adds a token of the next generation.
    pub(crate) fn issue(&mut self, text: String, life: Duration, now: i64) -> AccessToken {
        let token = AccessToken {
            text,
            generation: self.0.last().map_or(1, |last| last.generation + 1),
            touched_ms: now,
            expires_ms: now.saturating_add(millis(life)),
            revoked: false,
        };
        self.0.push(token.clone());
        token
    }

    /// Returns the token that was issued last, if it is valid.
    pub(crate) fn current(&self, now: i64) -> Option<AccessToken> {
        self.0.last().filter(|token| token.is_valid(now)).cloned()
    }

    /// Returns the token, valid or not.
    pub(crate) fn get_mut(&mut self, text: &str) -> Option<&mut AccessToken> {
        self.0.iter_mut().rfind(|token| token.text == text)
    }

    pub(crate) fn is_valid(&self, text: &str, now: i64) -> bool {
        let found = self.0.iter().rfind(|token| token.text == text);
        found.is_some_and(|token| token.is_valid(now))
    }
}

impl AccessToken {
    pub(crate) fn is_valid(&self, now: i64) -> bool {
        !self.revoked && now < self.expires_ms
    }
}

impl Tokens for AccessTokens {
    fn revoke_access(&mut self) {
        self.0.iter_mut().for_each(|token| token.revoked = true);
    }

    /// The access token is the refresh token.
    fn revoke_refresh(&mut self) {
        self.revoke_access();
    }
}

impl From<AccessToken> for Issued {
    fn from(token: AccessToken) -> Self {
        Self {
            access_token: token.text,
            refresh_token: None,
            expires_at_ms: token.expires_ms,
        }
    }
}
