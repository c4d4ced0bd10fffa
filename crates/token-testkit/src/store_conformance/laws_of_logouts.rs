//! What a logout clears, returns and refuses, with other operations under way.

use super::concurrently::all;
use super::{
    LONG, StorePlace, StoreSuite, child_of, differs, expect_stored, fingerprint, key, owner,
    record, sure,
};
use token_core::Generation;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{CommitCondition, Committed, Intent, Record, TokenStore};

impl<P: StorePlace> StoreSuite<P> {
    /// A tombstone returns the removed record, so that its token can be revoked. It does so only
    /// once, so that no later token is revoked.
    // FAULTS.md row 62
    pub async fn a_tombstone_returns_what_it_removed_once(&self) {
        let store = self.open().await;
        removes(&*store, None, "a key that was never written").await;
        for number in [1, 2] {
            let old = full(number);
            sure(store.commit(&key(), &Overwrite, &old).await);
            removes(&*store, Some(&old), "a record").await;
            removes(&*store, None, "a record that was removed already").await;
        }
    }

    /// Of several concurrent logouts, one gets the removed record.
    // FAULTS.md row 62
    pub async fn one_of_many_concurrent_logouts_removes_the_record(&self) {
        let stores = self.open_several(4).await;
        let Some(first) = stores.first() else { return };
        sure(first.commit(&key(), &Overwrite, &full(1)).await);
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
            "{} of sixteen concurrent logouts returned the removed record",
            removed.len()
        );
        let difference = differs(removed.first(), Some(&full(1)));
        assert!(difference.is_none(), "the removed record: {difference:?}");
    }

    /// A logout clears intents, so nothing is in doubt any more.
    pub async fn a_tombstone_clears_intents(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        for intent in [refresh(1), login(1)] {
            sure(store.commit(&key(), &Overwrite, &record(1)).await);
            sure(store.write_intent(&key(), &intent).await);
            sure(store.tombstone(&key()).await);
            let left = sure(store.load(&key()).await).intent;
            assert_eq!(left, None, "a logout leaves an intent");
        }
    }

    /// A commit of an exchange that began before a logout does not bring the grant back. A login
    /// that began after it does.
    // FAULTS.md row 37
    pub async fn a_logout_between_intent_and_commit_wins(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        let ours = || CommitCondition::LoginIntentOf(owner(1));
        for (intent, condition) in [
            (refresh(1), child_of(1)),
            (refresh(1), CommitCondition::UnlessTombstoned),
            (login(1), ours()),
        ] {
            sure(store.commit(&key(), &Overwrite, &record(1)).await);
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

    /// A second logout, between the intent and the commit of a login, refuses that login as well.
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

    /// The initial fingerprint of the removed grant is kept until the next login.
    pub async fn a_tombstone_keeps_the_initial_fingerprint(&self) {
        let store = self.open().await;
        let initial = async || sure(store.load(&key()).await).tombstoned_initial;
        let of_an_initial_token = Record {
            initial: Some(fingerprint(42)),
            ..record(1)
        };
        for login in [of_an_initial_token, record(2)] {
            sure(store.commit(&key(), &Overwrite, &login).await);
            assert_eq!(initial().await, None, "a new login is reported as removed");
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
        "a logout of {of} returns another record: {difference:?}"
    );
}
