//! The mark of a refused grant: a commit of the stored record with another body and due time.

use token_core::Secret;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{CommitCondition, Committed, Due, DueCursor, DuePage, Record};

use super::laws_of_due::{at, due_record, page};
use super::{
    LONG, StorePlace, StoreSuite, child_of, expect_stored, fingerprint, intent, key, owner, record,
    sure,
};

impl<P: StorePlace> StoreSuite<P> {
    /// A commit of the stored record replaces its body and its due time, and nothing else: its age
    /// and the intent to spend it remain.
    pub async fn a_mark_replaces_the_record_that_it_is_about(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        sure(store.commit(&key(), &Overwrite, &due_record(1, 5)).await);
        sure(store.write_intent(&key(), &intent(1, 1)).await);
        self.outlive_short().await;
        let marking = store.commit(&key(), &child_of(1), &refused(1)).await;
        assert_eq!(sure(marking), Committed::Stored, "a mark");
        expect_stored(&*store, &key(), &refused(1)).await;
        let entry = sure(store.load(&key()).await);
        assert!(
            entry.record_age >= self.short(),
            "a mark made the record younger"
        );
        assert_eq!(entry.intent, Some(intent(1, 1)), "a mark cleared an intent");
        sure(store.commit(&key(), &child_of(1), &due_record(2, 9)).await);
        expect_stored(&*store, &key(), &due_record(2, 9)).await;
    }

    /// A mark that is late replaces neither a newer record nor a tombstone, nor is it stored where
    /// nothing is.
    pub async fn a_late_mark_changes_nothing(&self) {
        let store = self.open().await;
        let mark = async || sure(store.commit(&key(), &child_of(1), &refused(1)).await);
        assert_eq!(mark().await, Committed::Missing, "a mark in an empty place");
        sure(store.commit(&key(), &Overwrite, &due_record(2, 5)).await);
        assert_eq!(mark().await, Committed::Lost, "a mark of the parent");
        let kept = Record {
            fingerprint: fingerprint(1),
            ..due_record(3, 5)
        };
        sure(store.commit(&key(), &child_of(2), &kept).await);
        let marked = mark().await;
        assert_eq!(marked, Committed::Lost, "an older generation's mark");
        expect_stored(&*store, &key(), &kept).await;
        sure(store.tombstone(&key()).await);
        assert_eq!(mark().await, Committed::Tombstoned, "a mark after a logout");
    }

    /// A marked record is not due at any time before [`Due::OF_REFUSED`], and is listed after
    /// [`DueCursor::before_refused`], until another record replaces it.
    pub async fn refused_keys_are_listed_apart(&self) {
        let Some(store) = self.store_with_due().await else {
            return;
        };
        let after_refused = Due::OF_REFUSED.after(self.short());
        let from = DueCursor::before_refused();
        let refused_keys = async || page(&*store, after_refused, 10, Some(&from)).await;
        sure(store.commit(&key(), &Overwrite, &due_record(1, 5)).await);
        assert_eq!(refused_keys().await, DuePage::default(), "before the mark");
        sure(store.commit(&key(), &child_of(1), &refused(1)).await);
        let due = page(&*store, Due::OF_REFUSED, 10, None).await;
        assert_eq!(due, DuePage::default(), "a refused key is due");
        let found = refused_keys().await;
        assert_eq!(found.due, [Due::new(key(), Due::OF_REFUSED)]);
        sure(store.commit(&key(), &child_of(1), &due_record(2, 9)).await);
        assert_eq!(refused_keys().await, DuePage::default(), "with a child");
        let due = page(&*store, Due::OF_REFUSED, 10, None).await;
        assert_eq!(due.due, [Due::new(key(), at(9))]);
        sure(store.commit(&key(), &child_of(2), &refused(2)).await);
        sure(store.tombstone(&key()).await);
        let found = refused_keys().await;
        assert_eq!(found, DuePage::default(), "after a logout");
        let condition = CommitCondition::UnlessTombstoned;
        sure(store.commit(&key(), &condition, &refused(2)).await);
        assert_eq!(refused_keys().await, DuePage::default(), "a late mark");
    }
}

/// Returns the record of this generation with a mark.
fn refused(number: u8) -> Record {
    Record {
        body: Secret::from(format!("body s3cr3t {number}, refused")),
        due_at: Some(Due::OF_REFUSED),
        ..record(number)
    }
}
