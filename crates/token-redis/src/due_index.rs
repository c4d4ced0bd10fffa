//! The index of what is due: sorted sets whose members are keys and whose scores are due times.
//!
//! A set is in another slot of a cluster than most of its records, so that no script can write
//! both. It is written after the commit, and is only a hint: each key is checked when it is read.

use std::time::Duration;

use redis::Value;
use token_core::store::{Due, DueCursor, Record, StoreError};
use token_core::{Timestamp, TokenKey};
use tokio::time::timeout;

use crate::reply;
use crate::script::{self, Call, Requirement, Script};
use crate::store::RedisStore;

/// Several, so that the load is on all nodes of a cluster.
pub(crate) const SHARDS: u32 = 16;
/// A sorted set has floating-point scores, which represent every integer up to this exactly. It is
/// an instant of the year 144,683.
const LATEST: i64 = (1 << 52) - 1;
/// How much longer a commit may take because of the index.
const WRITE_TIME: Duration = Duration::from_millis(500);

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Indexed {
    pub(crate) shard: u32,
    pub(crate) score: i64,
    pub(crate) key: String,
}

impl Indexed {
    pub(crate) fn cursor(&self) -> DueCursor {
        DueCursor::new(Timestamp::from_unix_millis(self.score), &self.key)
    }
}

/// The times of a record.
pub(crate) struct Times {
    pub(crate) due_at: Option<Timestamp>,
    grant_ends_at: Option<Timestamp>,
}

impl Times {
    /// Returns the key with its times if the entry is right about them.
    pub(crate) fn due(&self, entry: &Indexed) -> Option<Due> {
        let due_at = self.due_at.filter(|at| score(*at) == entry.score)?;
        let key = TokenKey::parse(&entry.key).ok()?;
        Some(Due::new(key, due_at).grant_ends_at(self.grant_ends_at))
    }
}

/// Returns the score of a due time.
pub(crate) fn score(at: Timestamp) -> i64 {
    at.unix_millis().clamp(-LATEST, LATEST)
}

/// Returns the number of the key's sorted set: by FNV-1a, which must never change.
fn shard(key: &str) -> u32 {
    let hash = key.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash % SHARDS
}

impl RedisStore {
    /// Indexes a record that was just committed. If that fails, the record is stored nevertheless;
    /// `repair_due_index` finds it.
    pub(crate) async fn index_committed(&self, key: &TokenKey, record: &Record) {
        if let Some(due_at) = record.due_at {
            _ = timeout(WRITE_TIME, self.index(key.as_str(), due_at)).await;
        }
    }

    /// Returns whether that changed the index.
    pub(crate) async fn index(&self, key: &str, due_at: Timestamp) -> Result<bool, StoreError> {
        let score = score(due_at).to_string();
        let changed = self
            .run_on(shard(key), &script::INDEX, &[&score, key])
            .await?;
        reply::read(changed)
    }

    /// Corrects an entry, unless it was changed since it was read.
    pub(crate) async fn correct(
        &self,
        entry: &Indexed,
        due_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (seen, right) = (entry.score.to_string(), due_at.map(score));
        let right = right.map(|score| score.to_string()).unwrap_or_default();
        let arguments = [entry.key.as_str(), &seen, &right];
        let corrected = self.run_on(entry.shard, &script::CORRECT, &arguments);
        corrected.await.map(drop)
    }

    /// Returns up to `count` entries of one set, in order.
    pub(crate) async fn entries(
        &self,
        shard: u32,
        before: Timestamp,
        count: usize,
        after: Option<&DueCursor>,
    ) -> Result<Vec<Indexed>, StoreError> {
        let (before, count) = (score(before).to_string(), count.to_string());
        let after_score = after.map(|after| score(after.due_at()).to_string());
        let arguments = [
            before.as_str(),
            &count,
            after_score.as_deref().unwrap_or_default(),
            after.map_or("", DueCursor::key),
        ];
        let found = self.run_on(shard, &script::PAGE, &arguments).await?;
        let found: Vec<(String, i64)> = reply::read(found)?;
        let entries = found
            .into_iter()
            .map(|(key, score)| Indexed { shard, score, key });
        Ok(entries.collect())
    }

    /// Reads the times of a record; both are `None` if there is none.
    pub(crate) async fn times(&self, key: &str) -> Result<Times, StoreError> {
        let call = Call {
            script: &script::TIMES,
            redis_key: &self.redis_key(key),
            arguments: &[],
            replicas: None,
            requires: Requirement::Any,
        };
        let (due_at, grant_ends_at): (Option<String>, Option<String>) =
            reply::read(self.connection.run(&call).await?.value)?;
        // A value that is no number does not end a sweep: a load of the record reports it.
        let instant = |millis: Option<String>| millis?.parse().ok();
        Ok(Times {
            due_at: instant(due_at).map(Timestamp::from_unix_millis),
            grant_ends_at: instant(grant_ends_at).map(Timestamp::from_unix_millis),
        })
    }

    async fn run_on(
        &self,
        shard: u32,
        script: &Script,
        arguments: &[&str],
    ) -> Result<Value, StoreError> {
        let call = Call {
            script,
            // Not the name of a record: no key contains a space.
            redis_key: &self.redis_key(&format!("due {shard:02}")),
            arguments,
            replicas: None,
            requires: Requirement::Any,
        };
        Ok(self.connection.run(&call).await?.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_a_key_never_changes() {
        let names = ["acme/api.acme.example/1", "a", "b", "acme/17"];
        assert_eq!(names.map(shard), [12, 12, 5, 12]);
    }

    #[test]
    fn a_score_is_exact_or_the_last_one() {
        let at = |millis| score(Timestamp::from_unix_millis(millis));
        assert_eq!(at(1_800_000_000_123), 1_800_000_000_123);
        assert_eq!((at(i64::MIN), at(i64::MAX)), (-LATEST, LATEST));
    }
}
