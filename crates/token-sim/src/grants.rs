//! Grants: which refresh tokens and which access tokens are valid.

use std::collections::HashMap;
use std::time::Duration;

use crate::rotation::{OldToken, Rotation};
use crate::vendor::{Issued, Tokens};

/// All grants of one simulated server, numbered from 0, and all tokens issued for them.
#[derive(Default)]
pub(crate) struct Grants {
    grants: Vec<Grant>,
    access: HashMap<String, Token>,
    refresh: HashMap<String, Token>,
}

#[derive(Default)]
struct Grant {
    /// The newest generation of tokens.
    generation: u64,
    revoked: bool,
}

/// An access token or a refresh token.
pub(crate) struct Token {
    pub(crate) grant: usize,
    pub(crate) expires_ms: i64,
    generation: u64,
    spent_ms: Option<i64>,
    revoked: bool,
}

/// Tokens that are issued together; expiries are in Unix milliseconds.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) grant: usize,
    pub(crate) generation: u64,
    pub(crate) access: String,
    pub(crate) access_expires_ms: i64,
    /// The refresh token in the answer; `None` if there is none.
    pub(crate) refresh: Option<String>,
    /// When the grant's refresh token expires, whether or not the answer repeats it.
    pub(crate) refresh_expires_ms: Option<i64>,
}

/// Why a refresh token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    Unknown,
    Expired,
    Spent,
    Revoked,
}

/// A refresh token that was accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) grant: usize,
    /// The generation of the tokens that are issued for it.
    pub(crate) generation: u64,
    /// Whether it had been used before, and was accepted within the grace period.
    pub(crate) reuse: bool,
    /// When the refresh token expires that was presented.
    pub(crate) refresh_expires_ms: i64,
}

impl Grants {
    /// Adds a grant without tokens, and returns its number.
    pub(crate) fn open(&mut self) -> usize {
        self.grants.push(Grant::default());
        self.grants.len() - 1
    }

    /// Records new tokens, and treats the grant's earlier access tokens as `old` says.
    pub(crate) fn enter(&mut self, old: OldToken, pair: &Pair) {
        if old == OldToken::Revoked {
            let earlier = self.access.values_mut();
            let earlier = earlier.filter(|access| access.grant == pair.grant);
            earlier.for_each(|access| access.revoked = true);
        }
        if let Some(grant) = self.grants.get_mut(pair.grant) {
            grant.generation = grant.generation.max(pair.generation);
        }
        let token = |expires_ms| Token {
            grant: pair.grant,
            expires_ms,
            generation: pair.generation,
            spent_ms: None,
            revoked: false,
        };
        let access = token(pair.access_expires_ms);
        self.access.insert(pair.access.clone(), access);
        if let (Some(refresh), Some(expires_ms)) = (&pair.refresh, pair.refresh_expires_ms) {
            self.refresh.insert(refresh.clone(), token(expires_ms));
        }
    }

    /// Uses a refresh token, or returns why it is refused.
    pub(crate) fn spend(
        &mut self,
        token: &str,
        rotation: Rotation,
        now: i64,
    ) -> Result<Spent, Denied> {
        let token = self.refresh.get_mut(token).ok_or(Denied::Unknown)?;
        let grant = self.grants.get_mut(token.grant).ok_or(Denied::Unknown)?;
        if token.revoked || grant.revoked {
            let before = token.spent_ms.map_or(Denied::Revoked, |_| Denied::Spent);
            return Err(before);
        }
        let reuse = token.spent_ms.is_some();
        if token
            .spent_ms
            .is_some_and(|spent| !in_grace(rotation, spent, now))
        {
            grant.revoked = rotation == Rotation::Strict;
            return Err(Denied::Spent);
        }
        if now >= token.expires_ms {
            return Err(Denied::Expired);
        }
        let mut parent = grant.generation;
        if rotation.renews() {
            token.spent_ms.get_or_insert(now);
            parent = token.generation;
        }
        Ok(Spent {
            grant: token.grant,
            generation: parent + 1,
            reuse,
            refresh_expires_ms: token.expires_ms,
        })
    }

    /// Extends the lifetime of a refresh token that is kept.
    pub(crate) fn end_refresh_at(&mut self, token: &str, expires_ms: i64) {
        if let Some(refresh) = self.refresh.get_mut(token) {
            refresh.expires_ms = expires_ms;
        }
    }

    pub(crate) fn valid_access(&self, token: &str, now: i64) -> Option<&Token> {
        self.valid(self.access.get(token)?, now)
    }

    /// Returns a refresh token that would be accepted, without using it.
    pub(crate) fn valid_refresh(&self, token: &str, now: i64) -> Option<&Token> {
        self.valid(self.refresh.get(token)?, now)
    }

    fn valid<'a>(&self, token: &'a Token, now: i64) -> Option<&'a Token> {
        let ended = token.revoked || token.spent_ms.is_some() || now >= token.expires_ms;
        let grant = self.grants.get(token.grant)?;
        (!ended && !grant.revoked).then_some(token)
    }

    /// Returns the grant of a refresh token, valid or not.
    pub(crate) fn of_refresh(&self, token: &str) -> Option<usize> {
        self.refresh.get(token).map(|refresh| refresh.grant)
    }

    /// Returns how many grants there are.
    pub(crate) fn count(&self) -> usize {
        self.grants.len()
    }

    pub(crate) fn revoke_grant(&mut self, grant: usize) {
        if let Some(grant) = self.grants.get_mut(grant) {
            grant.revoked = true;
        }
    }

    /// Revokes an access token alone, or a refresh token with its grant (RFC 7009).
    pub(crate) fn revoke(&mut self, token: &str) {
        if let Some(access) = self.access.get_mut(token) {
            access.revoked = true;
        }
        if let Some(grant) = self.of_refresh(token) {
            self.revoke_grant(grant);
        }
    }
}

impl Tokens for Grants {
    fn revoke_access(&mut self) {
        self.access
            .values_mut()
            .for_each(|token| token.revoked = true);
    }

    fn revoke_refresh(&mut self) {
        self.refresh
            .values_mut()
            .for_each(|token| token.revoked = true);
    }
}

impl From<Pair> for Issued {
    fn from(pair: Pair) -> Self {
        Self {
            access_token: pair.access,
            refresh_token: pair.refresh,
            expires_at_ms: pair.access_expires_ms,
        }
    }
}

fn in_grace(rotation: Rotation, spent: i64, now: i64) -> bool {
    match rotation {
        Rotation::Never | Rotation::Repeat | Rotation::Kept => true,
        Rotation::Grace(grace) => now.saturating_sub(spent) <= millis(grace),
        Rotation::SingleUse | Rotation::Strict => false,
    }
}

/// Returns a duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
