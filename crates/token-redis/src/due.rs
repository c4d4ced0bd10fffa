//! Pages of what is due, merged from the sorted sets of the index and checked against the records.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use token_core::Timestamp;
use token_core::store::{Due, DueCursor, DuePage, StoreError};

use crate::due_index::{Indexed, SHARDS, Times};
use crate::store::RedisStore;

/// How many records are asked for at a time.
pub(crate) const AT_A_TIME: usize = 64;
/// The keys of a page are spread over the sets; this many more than their share are read of each.
const SPARE: usize = 16;

impl RedisStore {
    pub(crate) async fn page(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        if limit == 0 {
            return Ok(DuePage::default());
        }
        let (entries, next) = self.merged(before, limit, after).await?;
        let checked: Vec<Checked> = stream::iter(entries)
            .map(|entry| self.checked(entry))
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
        let due: Vec<Due> = checked.iter().filter_map(Checked::due).collect();
        if due.len() < checked.len() {
            self.correct_all(checked).await;
        }
        Ok(DuePage::new(due, next))
    }

    /// Returns the next entries of all sets in order, and where the page after them begins.
    async fn merged(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<(Vec<Indexed>, Option<DueCursor>), StoreError> {
        let count = limit.min((limit / 8).saturating_add(SPARE));
        let sets: Vec<_> = stream::iter(0..SHARDS)
            .map(|shard| self.entries(shard, before, count, after))
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
        Ok(merge(sets, count, limit))
    }

    async fn checked(&self, entry: Indexed) -> Result<Checked, StoreError> {
        let times = self.times(&entry.key).await?;
        Ok(Checked { entry, times })
    }

    /// Corrects the entries that are wrong. The next page is not better for it, but the next sweep;
    /// so an error, as of a server that can only be read, ends it.
    async fn correct_all(&self, checked: Vec<Checked>) {
        for Checked { entry, times } in checked.iter().filter(|checked| checked.due().is_none()) {
            if self.correct(entry, times.due_at).await.is_err() {
                return;
            }
        }
    }
}

/// An entry, and the times of its record.
struct Checked {
    entry: Indexed,
    times: Times,
}

impl Checked {
    fn due(&self) -> Option<Due> {
        self.times.due(&self.entry)
    }
}

/// Merges sets of which up to `count` entries were read. Of a set with as many, more may follow,
/// so that nothing after its last entry is known to be next.
fn merge(sets: Vec<Vec<Indexed>>, count: usize, limit: usize) -> (Vec<Indexed>, Option<DueCursor>) {
    let full = sets.iter().filter(|set| set.len() >= count);
    let known = full.filter_map(|set| set.last()).map(Indexed::cursor).min();
    let mut entries: Vec<_> = sets.into_iter().flatten().collect();
    entries.sort_by_cached_key(Indexed::cursor);
    let read = entries.len();
    if let Some(known) = &known {
        entries.retain(|entry| entry.cursor() <= *known);
    }
    entries.truncate(limit);
    let is_last = known.is_none() && entries.len() == read;
    let last = entries.last().filter(|_| !is_last).map(Indexed::cursor);
    (entries, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(shard: u32, scores: &[i64]) -> Vec<Indexed> {
        let entry = |score: &i64| Indexed {
            shard,
            score: *score,
            key: format!("{shard}"),
        };
        scores.iter().map(entry).collect()
    }

    fn scores(sets: Vec<Vec<Indexed>>, count: usize, limit: usize) -> (Vec<i64>, Option<i64>) {
        let (entries, next) = merge(sets, count, limit);
        let scores = entries.iter().map(|entry| entry.score).collect();
        (scores, next.map(|next| next.due_at().unix_millis()))
    }

    #[test]
    fn what_may_follow_in_a_set_comes_before_later_entries_of_others() {
        let sets = vec![set(0, &[1, 2, 3]), set(1, &[4, 5])];
        assert_eq!(scores(sets, 3, 9), (vec![1, 2, 3], Some(3)));
        let sets = vec![set(0, &[1, 2, 6]), set(1, &[4, 5, 7])];
        assert_eq!(scores(sets, 3, 9), (vec![1, 2, 4, 5, 6], Some(6)));
    }

    #[test]
    fn a_page_ends_at_its_limit_or_with_the_last_entry() {
        let sets = || vec![set(0, &[1, 3]), set(1, &[2])];
        assert_eq!(scores(sets(), 3, 2), (vec![1, 2], Some(2)));
        assert_eq!(scores(sets(), 3, 3), (vec![1, 2, 3], None));
        assert_eq!(scores(vec![set(0, &[]), set(1, &[])], 3, 3), (vec![], None));
    }
}
