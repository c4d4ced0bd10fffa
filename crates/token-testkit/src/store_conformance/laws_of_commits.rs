//! A commit succeeds if and only if its condition allows it.

use super::concurrently::all;
use super::{
    LONG, StorePlace, StoreSuite, child_of, expect_stored, fingerprint, key, owner, record, sure,
};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Acquired, CommitCondition, Committed, Record};

impl<P: StorePlace> StoreSuite<P> {
    /// A child is stored if the stored record is its parent; otherwise it is lost.
    pub async fn a_child_is_committed_over_its_parent_only(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        let stranger = store.commit(&key(), &child_of(7), &record(8)).await;
        assert_eq!(
            sure(stranger),
            Committed::Lost,
            "a child of a token that is not stored"
        );
        expect_stored(&*store, &key(), &record(1)).await;
        let child = store.commit(&key(), &child_of(1), &record(2)).await;
        assert_eq!(sure(child), Committed::Stored);
        expect_stored(&*store, &key(), &record(2)).await;
    }

    /// If the vendor does not rotate, the child has its parent's fingerprint and still replaces it.
    // FAULTS.md row 12
    pub async fn a_child_with_its_parents_refresh_token_is_committed(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        let child = Record {
            fingerprint: fingerprint(1),
            ..record(2)
        };
        let committed = store.commit(&key(), &child_of(1), &child).await;
        assert_eq!(sure(committed), Committed::Stored);
        expect_stored(&*store, &key(), &child).await;
    }

    /// If two processes have spent one token, the first child stays.
    // FAULTS.md row 1
    pub async fn a_second_child_of_one_parent_is_lost(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.commit(&key(), &child_of(1), &record(2)).await);
        let second = store.commit(&key(), &child_of(1), &record(3)).await;
        assert_eq!(
            sure(second),
            Committed::Lost,
            "a second child of one parent"
        );
        expect_stored(&*store, &key(), &record(2)).await;
    }

    /// A commit that is repeated because its answer was lost is already stored.
    // FAULTS.md row 4
    pub async fn a_repeated_commit_is_stored(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        for time in ["first", "second", "third"] {
            let child = store.commit(&key(), &child_of(1), &record(2)).await;
            assert_eq!(
                sure(child),
                Committed::Stored,
                "the {time} time that one commit is sent"
            );
        }
        expect_stored(&*store, &key(), &record(2)).await;
    }

    /// A repeated commit changes nothing if a newer token is stored by then.
    pub async fn a_late_repeat_does_not_undo_a_grandchild(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.commit(&key(), &child_of(1), &record(2)).await);
        sure(store.commit(&key(), &child_of(2), &record(3)).await);
        let late = store.commit(&key(), &child_of(1), &record(2)).await;
        assert_eq!(sure(late), Committed::Lost, "a repeat after the grandchild");
        expect_stored(&*store, &key(), &record(3)).await;
    }

    /// A child whose parent is missing from the store is neither stored nor lost.
    // FAULTS.md row 41
    pub async fn a_child_in_an_empty_store_is_missing(&self) {
        let store = self.open().await;
        let child = store.commit(&key(), &child_of(1), &record(2)).await;
        assert_eq!(sure(child), Committed::Missing, "a child in an empty store");
        assert!(
            sure(store.load(&key()).await).record.is_none(),
            "a child without a parent was stored"
        );
    }

    /// A login, by a person or by the engine, is stored in an empty place and over another grant.
    pub async fn a_login_replaces_what_is_there(&self) {
        let store = self.open().await;
        for (condition, number) in [
            (CommitCondition::UnlessTombstoned, 1),
            (CommitCondition::UnlessTombstoned, 2),
            (Overwrite, 3),
            (CommitCondition::UnlessTombstoned, 4),
        ] {
            let committed = sure(store.commit(&key(), &condition, &record(number)).await);
            assert_eq!(committed, Committed::Stored, "{condition:?}");
            expect_stored(&*store, &key(), &record(number)).await;
        }
    }

    /// A late writer may have the only valid token, so a commit needs no lease and does not change
    /// who holds it.
    // FAULTS.md rows 8 and 10
    pub async fn a_commit_needs_no_lease_and_takes_none(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        assert!(sure(store.acquire(&key(), &owner(2), LONG).await).is_held());
        let late = store.commit(&key(), &child_of(1), &record(2)).await;
        assert_eq!(
            sure(late),
            Committed::Stored,
            "a commit while another has the lease"
        );
        let third = sure(store.acquire(&key(), &owner(3), LONG).await);
        assert!(
            matches!(third, Acquired::Busy { .. }),
            "a commit took the lease from its owner"
        );
    }

    /// Of sixteen children that are committed concurrently, one is stored, and that one is loaded.
    // FAULTS.md row 1
    pub async fn one_of_many_concurrent_children_is_stored(&self) {
        let stores = self.open_several(4).await;
        let Some(first) = stores.first() else { return };
        sure(first.commit(&key(), &Overwrite, &record(1)).await);
        let commits = stores
            .iter()
            .cycle()
            .zip(100..116_u8)
            .map(|(store, number)| async move {
                let child = store.commit(&key(), &child_of(1), &record(number)).await;
                (sure(child) == Committed::Stored).then_some(number)
            });
        let stored: Vec<_> = all(commits).await.into_iter().flatten().collect();
        let [winner] = stored[..] else {
            panic!(
                "{} of sixteen concurrent children of one parent were stored",
                stored.len()
            );
        };
        expect_stored(&**first, &key(), &record(winner)).await;
    }
}
