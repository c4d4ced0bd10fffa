//! Repairs the index of what is due by a scan of all records.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use token_core::TokenKey;
use token_core::store::StoreError;

use crate::due::AT_A_TIME;
use crate::store::RedisStore;

impl RedisStore {
    /// Reads the times of all records and adds those that are missing in the index of
    /// [`due`](token_core::TokenStore::due), or differ there. Returns how many did. The server is
    /// used by others meanwhile: a scan (`SCAN`) does not block it, and may take minutes for
    /// millions of records.
    ///
    /// It is needed after a process died between a commit and the write to the index, after
    /// records were restored or copied, and once for records that a version without the index
    /// wrote. Call it from one process, once a day for example.
    ///
    /// ```no_run
    /// # async fn example(store: token_redis::RedisStore) -> Result<(), token_core::store::StoreError> {
    /// let repaired = store.repair_due_index().await?;
    /// println!("{repaired} tokens would have been missed");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a server does not answer or refuses `SCAN`. What was repaired so far
    /// remains.
    pub async fn repair_due_index(&self) -> Result<u64, StoreError> {
        let mut repaired = 0;
        for node in self.connection.scanned_nodes().await? {
            let mut cursor = 0;
            loop {
                let (next, names) = self
                    .connection
                    .scan(node.as_ref(), cursor, &self.pattern())
                    .await?;
                repaired += self.repair(&names).await?;
                if next == 0 {
                    break;
                }
                cursor = next;
            }
        }
        Ok(repaired)
    }

    async fn repair(&self, names: &[String]) -> Result<u64, StoreError> {
        stream::iter(names.iter().filter_map(|name| self.key_of(name)))
            .map(|key| self.repair_one(key))
            .buffered(AT_A_TIME)
            .try_fold(0, async |sum, is_changed| Ok(sum + u64::from(is_changed)))
            .await
    }

    async fn repair_one(&self, key: TokenKey) -> Result<bool, StoreError> {
        match self.times(key.as_str()).await?.due_at {
            Some(due_at) => self.index(key.as_str(), due_at).await,
            None => Ok(false),
        }
    }

    fn key_of(&self, name: &str) -> Option<TokenKey> {
        TokenKey::parse(name.strip_prefix(self.prefix())?).ok()
    }

    /// Returns the pattern of all names with the prefix.
    fn pattern(&self) -> String {
        let mut pattern = String::new();
        for character in self.prefix().chars() {
            if "*?[]^-\\".contains(character) {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('*');
        pattern
    }
}
