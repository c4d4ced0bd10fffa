//! Grants: which refresh tokens and which access tokens are valid.

use std::collections::HashMap;
use std::time::Duration;

use crate::rotation::{OldToken, Rotation};

/// A grant and all tokens issued for it.
struct Grant {
    owner: String,
    scope: String,
    generation: u64,
    revoked: bool,
}

struct Access {
    grant: usize,
    expires_ms: i64,
    revoked: bool,
}

struct Refresh {
    grant: usize,
    generation: u64,
    expires_ms: i64,
    spent_ms: Option<i64>,
    revoked: bool,
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

/// Tokens to be recorded; expiries are in Unix milliseconds.
pub(crate) struct NewTokens<'a> {
    pub(crate) access: &'a str,
    pub(crate) access_expires_ms: i64,
    pub(crate) refresh: Option<&'a str>,
    pub(crate) refresh_expires_ms: i64,
}

/// What is known of a valid access token.
pub(crate) struct ValidToken<'a> {
    pub(crate) grant: usize,
    pub(crate) owner: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) expires_ms: i64,
}

/// All grants of one simulated server.
#[derive(Default)]
pub(crate) struct Grants {
    grants: Vec<Grant>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
}

impl Grants {
    pub(crate) fn open(&mut self, owner: &str, scope: &str) -> usize {
        self.grants.push(Grant {
            owner: owner.to_owned(),
            scope: scope.to_owned(),
            generation: 0,
            revoked: false,
        });
        self.grants.len() - 1
    }

    pub(crate) fn scope(&self, grant: usize) -> &str {
        self.grants.get(grant).map_or("", |grant| &grant.scope)
    }

    /// Records tokens of a generation, and treats the grant's earlier access tokens as `old` says.
    pub(crate) fn enter(
        &mut self,
        grant: usize,
        generation: u64,
        old: OldToken,
        new: &NewTokens<'_>,
    ) {
        if old == OldToken::Revoked {
            self.revoke_access_of(grant);
        }
        if let Some(grant) = self.grants.get_mut(grant) {
            grant.generation = grant.generation.max(generation);
        }
        let access = Access {
            grant,
            expires_ms: new.access_expires_ms,
            revoked: false,
        };
        self.access.insert(new.access.to_owned(), access);
        if let Some(token) = new.refresh {
            let expires_ms = new.refresh_expires_ms;
            let refresh = Refresh {
                grant,
                generation,
                expires_ms,
                spent_ms: None,
                revoked: false,
            };
            self.refresh.insert(token.to_owned(), refresh);
        }
    }

    /// Uses a refresh token, or returns why it is refused.
    pub(crate) fn spend(
        &mut self,
        token: &str,
        rotation: Rotation,
        now: i64,
    ) -> Result<Spent, Denied> {
        let Some(refresh) = self.refresh.get_mut(token) else {
            return Err(Denied::Unknown);
        };
        let grant = refresh.grant;
        let before = refresh.spent_ms;
        let expired = now >= refresh.expires_ms;
        let revoked = refresh.revoked;
        if revoked || self.grants.get(grant).is_none_or(|grant| grant.revoked) {
            return Err(if before.is_some() {
                Denied::Spent
            } else {
                Denied::Revoked
            });
        }
        if before.is_some_and(|spent| !in_grace(rotation, spent, now)) {
            self.revoke_on_reuse(grant, rotation);
            return Err(Denied::Spent);
        }
        if expired {
            return Err(Denied::Expired);
        }
        Ok(self.mark_spent(token, rotation, now, grant))
    }

    fn mark_spent(&mut self, token: &str, rotation: Rotation, now: i64, grant: usize) -> Spent {
        let current = self.grants.get(grant).map_or(0, |grant| grant.generation);
        let mut spent = Spent {
            grant,
            generation: current + 1,
            reuse: false,
            refresh_expires_ms: now,
        };
        let Some(refresh) = self.refresh.get_mut(token) else {
            return spent;
        };
        spent.reuse = refresh.spent_ms.is_some();
        spent.refresh_expires_ms = refresh.expires_ms;
        if rotation.renews() {
            refresh.spent_ms.get_or_insert(now);
            spent.generation = refresh.generation + 1;
        }
        spent
    }

    /// Extends the lifetime of a refresh token that is kept.
    pub(crate) fn end_refresh_at(&mut self, token: &str, expires_ms: i64) {
        if let Some(refresh) = self.refresh.get_mut(token) {
            refresh.expires_ms = expires_ms;
        }
    }

    fn revoke_on_reuse(&mut self, grant: usize, rotation: Rotation) {
        if rotation == Rotation::Strict {
            self.revoke_grant(grant);
        }
    }

    pub(crate) fn valid_access(&self, token: &str, now: i64) -> Option<ValidToken<'_>> {
        let access = self
            .access
            .get(token)
            .filter(|access| !access.revoked && now < access.expires_ms)?;
        let grant = self
            .grants
            .get(access.grant)
            .filter(|grant| !grant.revoked)?;
        Some(ValidToken {
            grant: access.grant,
            owner: &grant.owner,
            scope: &grant.scope,
            expires_ms: access.expires_ms,
        })
    }

    /// Returns whether a refresh token would be accepted, without using it.
    pub(crate) fn valid_refresh(&self, token: &str, now: i64) -> Option<ValidToken<'_>> {
        let fresh = |refresh: &&Refresh| {
            !refresh.revoked && refresh.spent_ms.is_none() && now < refresh.expires_ms
        };
        let refresh = self.refresh.get(token).filter(fresh)?;
        let grant = self
            .grants
            .get(refresh.grant)
            .filter(|grant| !grant.revoked)?;
        Some(ValidToken {
            grant: refresh.grant,
            owner: &grant.owner,
            scope: &grant.scope,
            expires_ms: refresh.expires_ms,
        })
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
        if let Some(grant) = self.refresh.get(token).map(|refresh| refresh.grant) {
            self.revoke_grant(grant);
        }
    }

    pub(crate) fn revoke_all_access(&mut self) {
        self.access
            .values_mut()
            .for_each(|access| access.revoked = true);
    }

    pub(crate) fn revoke_all_refresh(&mut self) {
        self.refresh
            .values_mut()
            .for_each(|refresh| refresh.revoked = true);
    }

    fn revoke_access_of(&mut self, grant: usize) {
        let of_grant = self
            .access
            .values_mut()
            .filter(|access| access.grant == grant);
        of_grant.for_each(|access| access.revoked = true);
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
