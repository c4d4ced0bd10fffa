//! A commit succeeds if and only if its condition allows it.

use super::concurrently::all;
use super::{
    BIG, LONG, StorePlace, StoreSuite, expect_stored, fingerprint, key, owner, record, sure,
};
use token_core::store::{Acquired, CommitCondition, Committed, Record, RefreshFingerprint};
use token_core::{Generation, Secret};

impl<P: StorePlace> StoreSuite<P> {
    /// An unknown key gives an empty entry, not an error.
    pub async fn an_unknown_key_is_empty(&self) {
        let entry = sure(self.open().await.load(&key()).await);
        assert!(
            entry.record.is_none() && entry.intent.is_none(),
            "something is stored for an unknown key"
        );
        assert!(!entry.tombstoned, "an unknown key is tombstoned");
    }

    /// The age of a record is measured by the store's clock, from its first commit. A repeated
    /// commit does not make it younger; a child does.
    pub async fn a_record_ages_by_the_stores_clock(&self) {
        let store = self.open().await;
        let age = async || sure(store.load(&key()).await).record_age;
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        let young = age().await;
        assert!(young < LONG, "a new record is {young:?} old");
        self.outlive_short().await;
        let wanted = young + self.short();
        let old = age().await;
        assert!(
            old >= wanted,
            "the record was {young:?} old, and {old:?} when {:?} had passed",
            self.short() * 2
        );
        for condition in [
            CommitCondition::Overwrite,
            CommitCondition::ParentIs(fingerprint(0)),
        ] {
            sure(store.commit(&key(), &condition, &record(1)).await);
            assert!(
                age().await >= wanted,
                "a repeated commit made the record younger"
            );
        }
        sure(
            store
                .commit(
                    &key(),
                    &CommitCondition::ParentIs(fingerprint(1)),
                    &record(2),
                )
                .await,
        );
        assert!(age().await < wanted, "a child is as old as its parent");
    }

    /// Fingerprint, generation and body are returned unchanged, whatever their values.
    pub async fn a_committed_record_is_loaded_as_it_was(&self) {
        let store = self.open().await;
        for first in [0_u8, 97, 240] {
            let mut bytes = [0; 32];
            bytes
                .iter_mut()
                .zip(first..=255)
                .for_each(|(byte, value)| *byte = value);
            let record = Record {
                fingerprint: RefreshFingerprint(bytes),
                generation: Generation::new(BIG),
                ..record(1)
            };
            let committed = sure(
                store
                    .commit(&key(), &CommitCondition::Overwrite, &record)
                    .await,
            );
            assert_eq!(committed, Committed::Stored);
            expect_stored(&*store, &key(), &record).await;
        }
    }

    /// A body is returned unchanged, with any characters and up to 64 KiB long.
    pub async fn a_body_survives_to_the_byte(&self) {
        let store = self.open().await;
        let texts = [
            " \t leading, trailing \r\n\n".to_owned(),
            "\"quotes\" 'and' \\back\\slashes\\ {} $1 %s %00 :name ?".to_owned(),
            "é e\u{301} 描述 \u{1F511} \u{FEFF}\u{202E}".to_owned(),
            "0123456789abcdef".repeat(4096),
        ];
        for text in texts {
            let record = Record {
                body: Secret::from(text),
                ..record(1)
            };
            sure(
                store
                    .commit(&key(), &CommitCondition::Overwrite, &record)
                    .await,
            );
            expect_stored(&*store, &key(), &record).await;
        }
    }

    /// A child is stored if the stored record is its parent; otherwise it is lost.
    pub async fn a_child_is_committed_over_its_parent_only(&self) {
        let store = self.open().await;
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        let stranger = store
            .commit(
                &key(),
                &CommitCondition::ParentIs(fingerprint(7)),
                &record(8),
            )
            .await;
        assert_eq!(
            sure(stranger),
            Committed::Lost,
            "a child of a token that is not stored"
        );
        expect_stored(&*store, &key(), &record(1)).await;
        let child = store
            .commit(
                &key(),
                &CommitCondition::ParentIs(fingerprint(1)),
                &record(2),
            )
            .await;
        assert_eq!(sure(child), Committed::Stored);
        expect_stored(&*store, &key(), &record(2)).await;
    }

    /// If the vendor does not rotate, the child has its parent's fingerprint and still replaces it.
    // FAULTS.md row 12
    pub async fn a_child_with_its_parents_refresh_token_is_committed(&self) {
        let store = self.open().await;
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        let child = Record {
            fingerprint: fingerprint(1),
            ..record(2)
        };
        let committed = store
            .commit(&key(), &CommitCondition::ParentIs(fingerprint(1)), &child)
            .await;
        assert_eq!(sure(committed), Committed::Stored);
        expect_stored(&*store, &key(), &child).await;
    }

    /// If two processes have spent one token, the first child stays.
    // FAULTS.md row 1
    pub async fn a_second_child_of_one_parent_is_lost(&self) {
        let store = self.open().await;
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        sure(
            store
                .commit(
                    &key(),
                    &CommitCondition::ParentIs(fingerprint(1)),
                    &record(2),
                )
                .await,
        );
        let second = store
            .commit(
                &key(),
                &CommitCondition::ParentIs(fingerprint(1)),
                &record(3),
            )
            .await;
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
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        for time in ["first", "second", "third"] {
            let child = store
                .commit(
                    &key(),
                    &CommitCondition::ParentIs(fingerprint(1)),
                    &record(2),
                )
                .await;
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
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        sure(
            store
                .commit(
                    &key(),
                    &CommitCondition::ParentIs(fingerprint(1)),
                    &record(2),
                )
                .await,
        );
        sure(
            store
                .commit(
                    &key(),
                    &CommitCondition::ParentIs(fingerprint(2)),
                    &record(3),
                )
                .await,
        );
        let late = store
            .commit(
                &key(),
                &CommitCondition::ParentIs(fingerprint(1)),
                &record(2),
            )
            .await;
        assert_eq!(sure(late), Committed::Lost, "a repeat after the grandchild");
        expect_stored(&*store, &key(), &record(3)).await;
    }

    /// A child whose parent is missing from the store is neither stored nor lost.
    // FAULTS.md row 41
    pub async fn a_child_in_an_empty_store_is_missing(&self) {
        let store = self.open().await;
        let child = store
            .commit(
                &key(),
                &CommitCondition::ParentIs(fingerprint(1)),
                &record(2),
            )
            .await;
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
            (CommitCondition::Overwrite, 3),
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
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        assert!(sure(store.acquire(&key(), &owner(2), LONG).await).is_held());
        let late = store
            .commit(
                &key(),
                &CommitCondition::ParentIs(fingerprint(1)),
                &record(2),
            )
            .await;
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
        sure(
            first
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        let commits = stores
            .iter()
            .cycle()
            .zip(100..116_u8)
            .map(|(store, number)| async move {
                let child = store
                    .commit(
                        &key(),
                        &CommitCondition::ParentIs(fingerprint(1)),
                        &record(number),
                    )
                    .await;
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
