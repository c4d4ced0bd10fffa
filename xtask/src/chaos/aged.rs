//! What a store holds, aged in virtual time.

use std::time::Duration;

use vendor_auth::core::Key;
use vendor_auth::core::store::{Acquired, Entry, Owner, StoreError, TokenStore};

use super::hands::Hands;
use super::machine_us;

/// A store whose clock takes part in the moves. Leases stay in real time.
pub(super) struct Aged<'a> {
    pub(super) store: &'a dyn TokenStore,
    pub(super) hands: &'a Hands,
}

/// How often an answer is asked for that leaves it open on which side of a move something happened.
const MOST_READS: usize = 5;

impl Aged<'_> {
    pub(super) async fn load(&self, key: &Key) -> Result<Entry, StoreError> {
        let asked_us = machine_us();
        let entry = self.store.load(key).await?;
        self.age(key, entry, asked_us).await
    }

    pub(super) async fn acquire(
        &self,
        key: &Key,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let asked_us = machine_us();
        Ok(match self.store.acquire(key, owner, life).await? {
            Acquired::Held(entry) => Acquired::Held(self.age(key, entry, asked_us).await?),
            Acquired::Busy { left, entry } => {
                let entry = self.age(key, entry, asked_us).await?;
                Acquired::Busy { left, entry }
            }
            other => other,
        })
    }

    async fn age(&self, key: &Key, entry: Entry, asked_us: i64) -> Result<Entry, StoreError> {
        let moves = self.hands.moves();
        let mut told = moves.translate(entry, asked_us);
        for _ in 1..MOST_READS {
            if !told.is_doubtful {
                break;
            }
            let asked_us = machine_us();
            told = moves.translate(self.store.load(key).await?, asked_us);
        }
        Ok(told.entry)
    }
}
