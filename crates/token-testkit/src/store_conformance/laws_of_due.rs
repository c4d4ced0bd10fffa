//! What is due for a refresh: the order of pages, their limits, and what moves meanwhile.
//!
//! A store whose place says that it [does not list them](StorePlace::lists_due) passes; the test
//! says so.

use std::sync::Arc;

use super::laws_of_places::odd_keys;
use super::{StorePlace, StoreSuite, child_of, key, record, sure};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Due, DueCursor, DuePage, Record, TokenStore};
use token_core::{Timestamp, TokenKey};

/// When the first token is due, in milliseconds since the Unix epoch.
const FIRST: i64 = 1_800_000_000_000;

impl<P: StorePlace> StoreSuite<P> {
    /// Keys are due by the due time of their record, before the given instant only, with the end of
    /// their grant. They are ordered by due time, and keys with the same one by their bytes. A
    /// record without a due time is never due.
    pub async fn due_keys_are_in_order(&self) {
        let Some(store) = self.store_with_due().await else {
            return;
        };
        let first = page(&*store, at(i64::MAX), 10, None).await;
        assert_eq!(first, DuePage::default(), "an empty store has due keys");
        let names = ["b", "B", "a", "b/", "b!", "%", "z", "never"];
        for (name, millis) in names.iter().zip([1, 1, 1, 1, 1, -FIRST - 1, 3, 0]) {
            let due_at = (*name != "never").then(|| at(millis));
            let record = Record {
                due_at,
                grant_ends_at: (millis == 3).then(|| at(90)),
                ..record(1)
            };
            sure(store.commit(&named(name), &Overwrite, &record).await);
        }
        let found = page(&*store, at(3), 10, None).await;
        let order = ["%", "B", "a", "b", "b!", "b/"];
        assert_eq!(keys(&found), order, "they are in another order");
        assert_eq!(found.next, None, "more should follow the last page");
        let found = page(&*store, at(4), 10, None).await;
        let last = Due::new(named("z"), at(3)).grant_ends_at(Some(at(90)));
        assert_eq!(
            found.due.last(),
            Some(&last),
            "the last one has other times"
        );
        assert_eq!(found.due.len(), 7, "one more is due a millisecond later");
    }

    /// Keys of any characters are due, under their own name.
    pub async fn keys_of_any_characters_are_due(&self) {
        let Some(store) = self.store_with_due().await else {
            return;
        };
        let mut expected = odd_keys();
        for key in &expected {
            sure(store.commit(key, &Overwrite, &due_record(1, 0)).await);
        }
        expected.sort();
        for limit in [100, 2] {
            let found: Vec<_> = all_pages(&*store, at(1), limit).await;
            let found: Vec<_> = found.into_iter().map(|due| due.key).collect();
            assert_eq!(found, expected, "in pages of {limit}");
        }
    }

    /// A page has at most as many keys as asked for; a page of none has none and nothing follows.
    pub async fn a_page_has_at_most_the_limit(&self) {
        let Some(store) = self.store_with_due().await else {
            return;
        };
        let numbers: Vec<_> = (0..5).collect();
        for number in &numbers {
            let record = due_record(1, *number);
            sure(store.commit(&numbered(*number), &Overwrite, &record).await);
        }
        let none = page(&*store, at(9), 0, None).await;
        assert_eq!(none, DuePage::default(), "a page of none");
        for limit in [1, 2, 5, 6, usize::MAX] {
            let found = all_pages(&*store, at(9), limit).await;
            let found: Vec<_> = found.iter().map(number_of).collect();
            assert_eq!(found, numbers, "in pages of {limit}");
        }
    }

    /// A key that is due throughout is on exactly one page, while others are refreshed, removed and
    /// committed for the first time, also the one at which the next page begins.
    pub async fn pages_have_no_gaps_and_no_repeats(&self) {
        if self.store_with_due().await.is_none() {
            return;
        }
        let stores = self.open_several(2).await;
        let (Some(reader), Some(writer)) = (stores.first(), stores.last()) else {
            return;
        };
        // Several are due at the same time, so that a page may end between them.
        for number in 0..40 {
            let record = due_record(1, number / 4);
            sure(writer.commit(&numbered(number), &Overwrite, &record).await);
        }
        let (mut found, mut after) = (Vec::new(), None);
        for number in 0..50 {
            let page = page(&**reader, at(10), 7, after.as_ref()).await;
            if let Some(last) = page.due.last() {
                disturb(&**writer, last, number).await;
            }
            found.extend(page.due);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(after, None, "the pages do not end");
        assert!(
            found.is_sorted_by_key(Due::cursor),
            "later pages have earlier keys: {found:?}"
        );
        let mut numbers: Vec<_> = found.iter().map(number_of).collect();
        numbers.retain(|number| *number < 40);
        assert_eq!(numbers, (0..40).collect::<Vec<_>>(), "gaps or repeats");
    }

    /// A key that was refreshed is due at its new time only, also if that is earlier.
    pub async fn a_refreshed_key_is_due_at_its_new_time(&self) {
        let Some(store) = self.store_with_due().await else {
            return;
        };
        sure(store.commit(&key(), &Overwrite, &due_record(1, 5)).await);
        for (number, due_at) in [(2, 8), (3, 2)] {
            let parent = child_of(number - 1);
            sure(
                store
                    .commit(&key(), &parent, &due_record(number, due_at))
                    .await,
            );
            let before = page(&*store, at(due_at), 10, None).await;
            assert_eq!(before.due, [], "it is due before its new time");
            let found = page(&*store, at(100), 10, None).await;
            assert_eq!(found.due, [Due::new(key(), at(due_at))], "after a refresh");
        }
        sure(store.commit(&key(), &child_of(3), &record(4)).await);
        let found = page(&*store, at(100), 10, None).await;
        assert_eq!(found.due, [], "a record without a due time is due");
    }

    /// A key is not due after a logout, and is again after the next login. A commit that lost moves
    /// nothing.
    pub async fn a_tombstoned_key_is_not_due(&self) {
        let Some(store) = self.store_with_due().await else {
            return;
        };
        sure(store.commit(&key(), &Overwrite, &due_record(1, 1)).await);
        sure(store.commit(&key(), &child_of(9), &due_record(2, 7)).await);
        let found = page(&*store, at(100), 10, None).await;
        assert_eq!(found.due, [Due::new(key(), at(1))], "after a lost commit");
        sure(store.tombstone(&key()).await);
        sure(store.commit(&key(), &child_of(1), &due_record(2, 7)).await);
        let found = page(&*store, at(100), 10, None).await;
        assert_eq!(found.due, [], "a tombstoned key is due");
        sure(store.commit(&key(), &Overwrite, &due_record(3, 3)).await);
        let found = page(&*store, at(100), 10, None).await;
        assert_eq!(found.due, [Due::new(key(), at(3))], "after a new login");
    }

    /// Returns `None` and prints why, if the store is not meant to list its keys.
    #[expect(
        clippy::print_stderr,
        reason = "a skipped law must not look like one that holds"
    )]
    pub(super) async fn store_with_due(&self) -> Option<Arc<dyn TokenStore>> {
        let store = self.open().await;
        let is_listed = self.place.lists_due();
        match store.due(at(0), 1, None).await {
            Err(error) if !is_listed && error.is_unsupported() => {
                eprintln!("skipped, since `due` is unsupported: {error}");
                None
            }
            answer => {
                sure(answer);
                assert!(is_listed, "the store lists what is due, its place says not");
                Some(store)
            }
        }
    }
}

/// Refreshes the last key of a page, and removes and adds others before and after it.
async fn disturb(store: &dyn TokenStore, last: &Due, number: i64) {
    sure(
        store
            .commit(&last.key, &child_of(1), &due_record(2, 90))
            .await,
    );
    let (earlier, later) = (numbered(100 + number), numbered(200 + number));
    sure(store.commit(&earlier, &Overwrite, &due_record(1, -1)).await);
    let soon = Record {
        due_at: Some(last.due_at),
        ..record(1)
    };
    sure(store.commit(&later, &Overwrite, &soon).await);
    sure(store.tombstone(&earlier).await);
}

pub(super) async fn page(
    store: &dyn TokenStore,
    before: Timestamp,
    limit: usize,
    after: Option<&DueCursor>,
) -> DuePage {
    let page = sure(store.due(before, limit, after).await);
    assert!(
        page.due.len() <= limit,
        "a page of at most {limit} has {} keys",
        page.due.len()
    );
    page
}

async fn all_pages(store: &dyn TokenStore, before: Timestamp, limit: usize) -> Vec<Due> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = page(store, before, limit, after.as_ref()).await;
        found.extend(page.due);
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
        assert!(found.len() < 1000, "the pages do not end");
    }
}

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(FIRST.saturating_add(millis))
}

pub(super) fn due_record(number: u8, millis: i64) -> Record {
    Record {
        due_at: Some(at(millis)),
        ..record(number)
    }
}

fn named(name: &str) -> TokenKey {
    TokenKey::parse(name).unwrap_or_else(|_| key())
}

fn numbered(number: i64) -> TokenKey {
    named(&format!("acme/{number:03}"))
}

fn number_of(due: &Due) -> i64 {
    let number = due.key.as_str().trim_start_matches("acme/");
    number.parse().unwrap_or(-1)
}

fn keys(page: &DuePage) -> Vec<&str> {
    page.due.iter().map(|due| due.key.as_str()).collect()
}
