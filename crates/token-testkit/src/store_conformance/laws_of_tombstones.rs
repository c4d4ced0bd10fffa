//! A logout holds until the next login.

use super::{BIG, StorePlace, StoreSuite, child_of, expect_stored, key, record, sure};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{CommitCondition, Committed, Record, TokenStore};
use token_core::{Generation, TokenKey};

impl<P: StorePlace> StoreSuite<P> {
    /// Neither a late commit nor a repair brings a grant back. A tombstone for an unknown key is
    /// not an error.
    // FAULTS.md row 37
    pub async fn a_tombstoned_grant_is_gone_and_stays_gone(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        for _ in 0..2 {
            sure(store.tombstone(&key()).await);
            for condition in [child_of(1), CommitCondition::UnlessTombstoned] {
                let late = sure(store.commit(&key(), &condition, &record(2)).await);
                assert_eq!(late, Committed::Tombstoned, "{condition:?} after a logout");
            }
            let entry = sure(store.load(&key()).await);
            assert!(entry.tombstoned, "the tombstone is gone");
            assert!(entry.record.is_none(), "a tombstoned grant has a record");
        }
        let never = TokenKey::of("conformance", "never.example", "written");
        sure(store.tombstone(&never).await);
        assert!(
            sure(store.load(&never).await).tombstoned,
            "a key without a record cannot be tombstoned"
        );
    }

    /// A login after a logout starts a grant, which is refreshed as any other.
    pub async fn a_new_login_clears_a_tombstone(&self) {
        let store = self.open().await;
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
        sure(store.tombstone(&key()).await);
        let login = sure(store.commit(&key(), &Overwrite, &record(2)).await);
        assert_eq!(login, Committed::Stored, "a new login after a logout");
        assert!(
            !sure(store.load(&key()).await).tombstoned,
            "a new login leaves the tombstone"
        );
        let child = store.commit(&key(), &child_of(2), &record(3)).await;
        assert_eq!(
            sure(child),
            Committed::Stored,
            "a refresh after a new login"
        );
        expect_stored(&*store, &key(), &record(3)).await;
    }

    /// A tombstone keeps the removed generation until the next login, whose grant continues from
    /// it.
    // FAULTS.md row 37
    pub async fn a_tombstone_keeps_the_generation(&self) {
        let store = self.open().await;
        sure(store.tombstone(&key()).await);
        assert_eq!(
            removed(&*store).await,
            None,
            "a logout removed what was not there"
        );
        let old = Record {
            generation: Generation::new(BIG),
            ..record(1)
        };
        for login in [old, record(3)] {
            sure(store.commit(&key(), &Overwrite, &login).await);
            assert_eq!(removed(&*store).await, None, "a new login was removed");
            for what in ["the first logout", "the second logout", "a late commit"] {
                match what {
                    "a late commit" => {
                        let late = CommitCondition::ParentIs(login.fingerprint);
                        sure(store.commit(&key(), &late, &record(2)).await);
                    }
                    _ => drop(sure(store.tombstone(&key()).await)),
                }
                let told = removed(&*store).await;
                assert_eq!(told, Some(login.generation), "what is removed after {what}");
            }
        }
    }

    /// A logout affects one key.
    pub async fn burying_leaves_other_keys_alone(&self) {
        let store = self.open().await;
        let other = TokenKey::of("conformance", "store.example:8443", "grant 2");
        for key in [&key(), &other] {
            sure(store.commit(key, &Overwrite, &record(1)).await);
        }
        sure(store.tombstone(&key()).await);
        assert!(
            !sure(store.load(&other).await).tombstoned,
            "another key is tombstoned too"
        );
        expect_stored(&*store, &other, &record(1)).await;
    }
}

async fn removed(store: &dyn TokenStore) -> Option<Generation> {
    sure(store.load(&key()).await).tombstoned_generation
}
