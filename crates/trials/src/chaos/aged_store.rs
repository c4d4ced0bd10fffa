//! A store whose entries age in virtual time.

use std::time::Duration;

use vendor_auth::types::store::{Acquired, Entry, Owner, StoreError, TokenStore};
use vendor_auth::types::{Generation, TokenKey};

use super::clock_jumps::machine_us;
use super::shared_clock::ClockFile;

/// A store whose clock follows the jumps. Leases stay in real time.
pub(super) struct AgedStore<'a> {
    pub(super) store: &'a dyn TokenStore,
    pub(super) clock_file: &'a ClockFile,
}

/// How often to ask again if an answer leaves it open on which side of a jump something happened: a
/// busy machine answers late, and a record that is taken for older than it is costs an exchange.
const MOST_READS: usize = 50;

impl AgedStore<'_> {
    pub(super) async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        let asked_us = machine_us();
        let entry = self.store.load(key).await?;
        self.age(key, entry, asked_us).await
    }

    pub(super) async fn acquire(
        &self,
        key: &TokenKey,
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

    pub(super) async fn changed(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        let before = self.clock_file.advanced_ms();
        let entry = self.store.wait_for_change(key, seen, at_most).await?;
        if self.clock_file.advanced_ms() != before {
            // It is unknown on which side of the jump the store was read.
            return None;
        }
        self.age(key, entry, machine_us()).await.ok()
    }

    async fn age(&self, key: &TokenKey, entry: Entry, asked_us: i64) -> Result<Entry, StoreError> {
        let jumps = self.clock_file.jumps();
        let mut message = jumps.translate(entry, asked_us);
        for _ in 1..MOST_READS {
            if !message.is_doubtful {
                break;
            }
            let asked_us = machine_us();
            message = jumps.translate(self.store.load(key).await?, asked_us);
        }
        Ok(message.entry)
    }
}
