//! A wait for a change ends with the change, or at its time limit.

use super::concurrently::{both, within, yielded};
use super::{LONG, StorePlace, StoreSuite, child_of, expect_record, key, owner, record, sure};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Entry, Record, TokenStore};

impl<P: StorePlace> StoreSuite<P> {
    /// A commit ends the wait, through the same handle and through another.
    pub async fn changed_returns_soon_after_a_commit(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        self.woken_by_a_commit(&*store, &*store, 1).await;
        if let Some((one, other)) = self.two_handles().await {
            self.woken_by_a_commit(&*one, &*other, 2).await;
        }
    }

    /// A commit by the owner of the lease ends a wait that was under way, and does not only spare
    /// a wait that begins later.
    pub async fn a_wait_ends_soon_after_the_lease_owners_commit(&self) {
        let (key, store) = (key(), self.open().await);
        let (first, overwrite) = (record(1), Overwrite);
        sure(store.commit(&key, &overwrite, &first).await);
        assert!(
            sure(store.acquire(&key, &owner(1), LONG).await).is_held(),
            "a free lease is not given"
        );
        let wait = store.wait_for_change(&key, Some(first.generation), LONG);
        let parent = child_of(1);
        let commit = async {
            self.outlive_short().await;
            yielded().await;
            sure(store.commit(&key, &parent, &record(2)).await)
        };
        let woken = within(self.place.patience(), both(wait, commit)).await;
        assert!(woken.is_some(), "a commit does not end a wait under way");
    }

    /// The release of another owner's lease ends a wait that was under way, through the same handle
    /// and through another, even if nothing was committed.
    pub async fn a_wait_ends_soon_after_the_lease_is_released(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        self.woken_by_a_release(&*store, &*store).await;
        if let Some((waits, releases)) = self.two_handles().await {
            self.woken_by_a_release(&*waits, &*releases).await;
        }
    }

    /// A change that happened before the wait began ends it at once.
    pub async fn changed_returns_when_it_is_late_already(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.commit(&key(), &child_of(1), &record(2)).await);
        let key = key();
        let wait = store.wait_for_change(&key, Some(record(1).generation), LONG);
        let woken = within(self.place.patience(), wait).await;
        assert!(
            woken.is_some(),
            "the wait did not see what had changed already"
        );
        told_of(woken.flatten(), &record(2));
    }

    /// Without a change, the wait ends after `at_most`.
    pub async fn changed_returns_after_at_most(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        for seen in [Some(record(1).generation), None] {
            let key = key();
            let wait = store.wait_for_change(&key, seen, self.short());
            let ended = within(self.place.patience(), both(wait, self.outlive_short())).await;
            assert!(
                ended.is_some(),
                "wait_for_change() waits longer than at_most"
            );
        }
    }

    async fn woken_by_a_commit(
        &self,
        waits: &dyn TokenStore,
        commits: &dyn TokenStore,
        parent: u8,
    ) {
        let key = key();
        let wait = waits.wait_for_change(&key, Some(record(parent).generation), LONG);
        let commit = async {
            let child = record(parent + 1);
            sure(commits.commit(&key, &child_of(parent), &child).await)
        };
        let woken = within(self.place.patience(), both(wait, commit)).await;
        assert!(
            woken.is_some(),
            "a commit does not end the wait for a change"
        );
    }

    /// `record(1)` is what is stored.
    async fn woken_by_a_release(&self, waits: &dyn TokenStore, releases: &dyn TokenStore) {
        let (key, owner) = (key(), owner(1));
        let lease = sure(releases.acquire(&key, &owner, LONG).await);
        assert!(lease.is_held(), "a free lease is not given");
        let wait = waits.wait_for_change(&key, Some(record(1).generation), LONG);
        let release = async {
            self.outlive_short().await;
            yielded().await;
            sure(releases.release(&key, &owner).await);
        };
        let woken = within(self.place.patience(), both(wait, release)).await;
        assert!(woken.is_some(), "a release does not end a wait under way");
    }
}

/// A store need not return what it found. What it returns must be what is stored.
fn told_of(entry: Option<Entry>, wanted: &Record) {
    if let Some(entry) = entry {
        expect_record(entry.record.as_ref(), wanted);
    }
}
