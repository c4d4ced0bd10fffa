//! What a logout clears, tells and bars, whatever goes on beside it.

use super::concurrently::all;
use super::{
    LONG, StorePlace, StoreSuite, differs, expect_stored, fingerprint, key, owner, record, sure,
};
use token_core::Generation;
use token_core::store::{CommitCondition, Committed, Intent, Record, TokenStore};

impl<P: StorePlace> StoreSuite<P> {
    /// Who revokes what a logout removed must be told what it was; and once, so that nobody revokes
    /// what came later.
    // FAULTS.md row 62
    pub async fn a_tombstone_returns_what_it_removed_once(&self) {
        let store = self.open().await;
        removes(&*store, None, "a key that was never written").await;
        for number in [1, 2] {
            let old = full(number);
            sure(
                store
                    .commit(&key(), &CommitCondition::Overwrite, &old)
                    .await,
            );
            removes(&*store, Some(&old), "a record").await;
            removes(&*store, None, "a record that was removed already").await;
        }
    }

    /// Of two logouts at once, one is told what was removed.
    // FAULTS.md row 62
    pub async fn one_of_many_concurrent_logouts_removes_the_record(&self) {
        let stores = self.open_several(4).await;
        let Some(first) = stores.first() else { return };
        sure(
            first
                .commit(&key(), &CommitCondition::Overwrite, &full(1))
                .await,
        );
        let key = key();
        let logouts = stores
            .iter()
            .cycle()
            .take(16)
            .map(|store| store.tombstone(&key));
        let removed: Vec<_> = all(logouts).await.into_iter().filter_map(sure).collect();
        assert_eq!(
            removed.len(),
            1,
            "{} of sixteen concurrent logouts were told what they removed",
            removed.len()
        );
        let difference = differs(removed.first(), Some(&full(1)));
        assert!(difference.is_none(), "a logout removed {difference:?}");
    }

    /// A logout ends what others are about to do: nothing is in doubt any more.
    pub async fn a_tombstone_clears_intents(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        for intent in [refresh(1), login(1)] {
            sure(
                store
                    .commit(&key(), &CommitCondition::Overwrite, &record(1))
                    .await,
            );
            sure(store.write_intent(&key(), &intent).await);
            sure(store.tombstone(&key()).await);
            let left = sure(store.load(&key()).await).intent;
            assert_eq!(left, None, "a logout leaves an intent");
        }
    }

    /// Whatever was begun before a logout does not bring the grant back; a login that is begun
    /// after it does.
    // FAULTS.md row 37
    pub async fn a_logout_between_intent_and_commit_wins(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        let ours = || CommitCondition::LoginIntentOf(owner(1));
        for (intent, condition) in [
            (refresh(1), CommitCondition::ParentIs(fingerprint(1))),
            (refresh(1), CommitCondition::UnlessTombstoned),
            (login(1), ours()),
        ] {
            sure(
                store
                    .commit(&key(), &CommitCondition::Overwrite, &record(1))
                    .await,
            );
            sure(store.write_intent(&key(), &intent).await);
            sure(store.tombstone(&key()).await);
            let late = sure(store.commit(&key(), &condition, &record(2)).await);
            assert_eq!(
                late,
                Committed::Tombstoned,
                "{condition:?} that was begun before a logout"
            );
            let entry = sure(store.load(&key()).await);
            assert!(
                entry.tombstoned && entry.record.is_none(),
                "{condition:?} undid a logout"
            );
        }
        sure(store.write_intent(&key(), &login(1)).await);
        let new = sure(store.commit(&key(), &ours(), &record(3)).await);
        assert_eq!(
            new,
            Committed::Stored,
            "a login that was begun after a logout"
        );
        expect_stored(&*store, &key(), &record(3)).await;
    }

    /// A second logout that comes between the intent and the commit of a login bars it too.
    pub async fn a_second_logout_bars_the_login_after_the_first(&self) {
        let store = self.open().await;
        sure(store.tombstone(&key()).await);
        sure(store.acquire(&key(), &owner(1), LONG).await);
        sure(store.write_intent(&key(), &login(0)).await);
        sure(store.tombstone(&key()).await);
        let condition = CommitCondition::LoginIntentOf(owner(1));
        let late = sure(store.commit(&key(), &condition, &record(1)).await);
        assert_eq!(
            late,
            Committed::Tombstoned,
            "a login that was begun before the second logout"
        );
    }

    /// Which initial token the removed grant began with is known until somebody logs in anew.
    pub async fn a_tombstone_keeps_the_initial_fingerprint(&self) {
        let store = self.open().await;
        let initial = async || sure(store.load(&key()).await).tombstoned_initial;
        let of_an_initial_token = Record {
            initial: Some(fingerprint(42)),
            ..record(1)
        };
        for login in [of_an_initial_token, record(2)] {
            sure(
                store
                    .commit(&key(), &CommitCondition::Overwrite, &login)
                    .await,
            );
            assert_eq!(initial().await, None, "a new login is told as removed");
            for which in ["first", "second"] {
                sure(store.tombstone(&key()).await);
                assert_eq!(
                    initial().await,
                    login.initial,
                    "the initial token after the {which} logout"
                );
            }
        }
    }
}

fn full(number: u8) -> Record {
    Record {
        initial: Some(fingerprint(number + 100)),
        ..record(number)
    }
}

fn refresh(generation: u64) -> Intent {
    Intent {
        fingerprint: Some(fingerprint(1)),
        ..login(generation)
    }
}

fn login(generation: u64) -> Intent {
    Intent {
        owner: owner(1),
        fingerprint: None,
        generation: Generation::new(generation),
    }
}

async fn removes(store: &dyn TokenStore, wanted: Option<&Record>, of: &str) {
    let removed = sure(store.tombstone(&key()).await);
    let difference = differs(removed.as_ref(), wanted);
    assert!(
        difference.is_none(),
        "a logout of {of} tells of another: {difference:?}"
    );
}
