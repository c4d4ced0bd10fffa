//! Notices that somebody has logged in again for accounts that nobody asks for: the grant would not
//! be kept alive, and would be listed for good.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{MissedTickBehavior, interval, timeout};
use vendor_auth::TokenPool;
use vendor_auth::types::Generation;
use vendor_auth::types::store::{Record, RecordId, TokenStore};

use super::names::key_of;
use crate::config::profile::Profile;

/// For how many accounts the store is read in one round.
const IN_A_ROUND: usize = 100;
/// And for how many at once: what hangs for one of them delays few others.
const AT_ONCE: usize = 10;
/// How long the store is waited for.
const WITHIN: Duration = Duration::from_secs(5);

/// Looks for logins in the store.
pub(super) struct Logins<'a> {
    pub(super) profile: &'a Profile,
    pub(super) tokens: &'a TokenPool,
    pub(super) store: &'a dyn TokenStore,
}

/// What the store had for each account, if anything.
type Found = HashMap<Arc<str>, Option<RecordId>>;

/// What was found in the turn before, and in this one, which ends with the last account. An account
/// that need not log in again is in no later turn.
#[derive(Default)]
struct Turns {
    before: Found,
    now: Found,
}

impl Logins<'_> {
    /// Reads the store for accounts that must log in again, one part of them after the other.
    pub(super) async fn notice(&self, every: Duration) {
        let mut turns = Turns::default();
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let next = self.next_of(&turns);
            for part in next.chunks(AT_ONCE) {
                let looks = part.iter();
                let looks: Vec<_> = looks
                    .map(|account| self.look(account, turns.before.get(account).copied()))
                    .collect();
                let found = join_all(looks).await;
                turns.now.extend(part.iter().cloned().zip(found));
            }
            if next.len() < IN_A_ROUND {
                turns.before = mem::take(&mut turns.now);
            }
        }
    }

    /// Returns accounts that were not looked at in this turn.
    fn next_of(&self, turns: &Turns) -> Vec<Arc<str>> {
        let waiting = self.tokens.logins_needed().map(|login| login.account);
        waiting
            .filter(|account| !turns.now.contains_key(account))
            .take(IN_A_ROUND)
            .collect()
    }

    /// Takes over what the store has for this account, unless it had that before. Returns what it
    /// has. No secret is read as long as that is the same.
    async fn look(&self, account: &str, before: Option<Option<RecordId>>) -> Option<RecordId> {
        let Some(found) = self.stored(account).await else {
            return before.flatten();
        };
        let is_known = match before {
            Some(before) => before == found,
            None => self.known(account) == found.map(|it| it.generation),
        };
        if found.is_some() && !is_known {
            // What fails here is told to whoever asks for the token.
            if let Ok(cache) = self.tokens.cache(account).await {
                drop(cache.reload().await);
            }
        }
        found
    }

    /// Returns what the store has for this account; `None` if it cannot be read.
    async fn stored(&self, account: &str) -> Option<Option<RecordId>> {
        let key = key_of(self.profile, account).ok()?;
        let entry = timeout(WITHIN, self.store.load(&key)).await.ok()?.ok()?;
        Some(entry.record.as_ref().map(Record::id))
    }

    /// Returns the generation that the pool has in memory.
    fn known(&self, account: &str) -> Option<Generation> {
        self.tokens.health_of(account)?.generation
    }
}
