//! An intent is written before a refresh token is spent, and stays until the result is stored.

use super::{
    LONG, StorePlace, StoreSuite, child_of, fingerprint, intent, key, owner, record, sure,
};
use token_core::Generation;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{CommitCondition, Intended, Intent, Record, TokenStore};

impl<P: StorePlace> StoreSuite<P> {
    /// An intent is loaded unchanged, together with the record; a later one replaces it.
    pub async fn an_intent_is_loaded_with_its_owner(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.acquire(&key(), &owner(1), LONG).await);
        let login = Intent {
            owner: owner(1),
            fingerprint: None,
            generation: record(3).generation,
        };
        for wanted in [intent(1, 1), login, intent(1, 2)] {
            assert_eq!(
                sure(store.write_intent(&key(), &wanted).await),
                Intended::Written
            );
            let entry = sure(store.load(&key()).await);
            assert_eq!(
                entry.intent.as_ref(),
                Some(&wanted),
                "another intent is stored"
            );
            assert!(entry.record.is_some(), "an intent replaced the record");
        }
    }

    /// No intent is written without the lease: if none was taken, if another owner holds it, or if
    /// it has expired.
    // FAULTS.md row 7
    pub async fn an_intent_needs_the_lease(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        refused(&*store, 1, "no lease").await;
        sure(store.acquire(&key(), &owner(2), self.short()).await);
        refused(&*store, 1, "the lease of another").await;
        self.outlive_short().await;
        refused(&*store, 2, "an expired lease").await;
    }

    /// The next owner sees the intent of the previous one, whether its lease expired or was
    /// released.
    // FAULTS.md row 2
    pub async fn an_intent_outlives_the_lease(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.acquire(&key(), &owner(1), self.short()).await);
        sure(store.write_intent(&key(), &intent(1, 1)).await);
        self.outlive_short().await;
        kept(&*store, "the lease expired").await;
        sure(store.acquire(&key(), &owner(2), LONG).await);
        kept(&*store, "another took the lease").await;
        sure(store.release(&key(), &owner(2)).await);
        kept(&*store, "the lease was released").await;
    }

    /// The age of an intent is measured by the store's clock.
    pub async fn an_intent_ages_by_the_stores_clock(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        sure(store.write_intent(&key(), &intent(1, 1)).await);
        let young = sure(store.load(&key()).await).intent_age;
        assert!(young < LONG, "a new intent is {young:?} old");
        self.outlive_short().await;
        let old = sure(store.load(&key()).await).intent_age;
        let wanted = self.short();
        assert!(
            old >= young + wanted,
            "the intent was {young:?} old, and {old:?} when {:?} had passed",
            wanted * 2
        );
        sure(store.write_intent(&key(), &intent(1, 1)).await);
        let again = sure(store.load(&key()).await).intent_age;
        assert!(
            again < old,
            "an intent that was written again is as old as before"
        );
    }

    /// Only its owner clears an intent, with or without the lease. Clearing an absent intent is not
    /// an error.
    pub async fn an_intent_is_withdrawn_by_its_owner_only(&self) {
        let store = self.open().await;
        sure(store.clear_intent(&key(), &owner(1)).await);
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        for life in [LONG, self.short()] {
            sure(store.acquire(&key(), &owner(1), life).await);
            sure(store.write_intent(&key(), &intent(1, 1)).await);
            sure(store.clear_intent(&key(), &owner(2)).await);
            kept(&*store, "another owner cleared it").await;
            self.outlive_short().await;
            sure(store.clear_intent(&key(), &owner(1)).await);
            let entry = sure(store.load(&key()).await);
            assert_eq!(entry.intent, None, "a cleared intent is still stored");
            assert!(
                entry.record.is_some(),
                "clearing the intent removed the record"
            );
        }
    }

    /// A commit clears the intent that led to it, so nothing is in doubt any more.
    pub async fn a_commit_clears_the_intent_that_led_to_it(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        let login = Intent {
            owner: owner(1),
            fingerprint: None,
            generation: Generation::default(),
        };
        for (intent, condition, number) in [
            (login.clone(), CommitCondition::UnlessTombstoned, 1),
            (intent(1, 1), child_of(1), 2),
            (login, Overwrite, 3),
            (intent(1, 3), child_of(3), 4),
        ] {
            sure(store.write_intent(&key(), &intent).await);
            sure(store.commit(&key(), &condition, &record(number)).await);
            let left = sure(store.load(&key()).await).intent;
            assert_eq!(left, None, "{condition:?} leaves the intent that led to it");
        }
    }

    /// If the vendor keeps its refresh token, parent and child have the same fingerprint. A commit
    /// of the child still clears the intent to spend the parent, but not the intent to spend the
    /// child.
    // FAULTS.md row 56
    pub async fn a_commit_with_a_kept_refresh_token_clears_its_intent(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.acquire(&key(), &owner(1), LONG).await);
        for parent in 1..4 {
            let spends = |number: u8| Intent {
                generation: record(number).generation,
                ..intent(1, 1)
            };
            let child = Record {
                fingerprint: fingerprint(1),
                ..record(parent + 1)
            };
            for (spent, left) in [(parent, None), (parent + 1, Some(spends(parent + 1)))] {
                sure(store.write_intent(&key(), &spends(spent)).await);
                let condition = child_of(1);
                sure(store.commit(&key(), &condition, &child).await);
                let found = sure(store.load(&key()).await).intent;
                assert_eq!(
                    found, left,
                    "what is left of an intent to spend generation {spent}"
                );
            }
        }
    }

    /// A late or repeated commit does not clear the intent to spend the new token.
    pub async fn a_commit_leaves_an_intent_of_another_lineage(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.commit(&key(), &child_of(1), &record(2)).await);
        sure(store.acquire(&key(), &owner(2), LONG).await);
        let next = intent(2, 2);
        sure(store.write_intent(&key(), &next).await);
        sure(store.commit(&key(), &child_of(1), &record(2)).await);
        let left = sure(store.load(&key()).await).intent;
        assert_eq!(
            left,
            Some(next),
            "a repeated commit changed the intent to spend its child"
        );
    }
}

async fn refused(store: &dyn TokenStore, by: u8, why: &str) {
    let answer = sure(store.write_intent(&key(), &intent(by, 1)).await);
    assert_eq!(answer, Intended::LeaseLost, "an intent with {why}");
    assert_eq!(
        sure(store.load(&key()).await).intent,
        None,
        "an intent with {why} was written"
    );
}

async fn kept(store: &dyn TokenStore, when: &str) {
    let entry = sure(store.load(&key()).await);
    assert_eq!(
        entry.intent,
        Some(intent(1, 1)),
        "the intent changed when {when}"
    );
    assert!(entry.record.is_some(), "the record is gone when {when}");
}
