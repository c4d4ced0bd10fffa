//! A lease has one owner at a time, for a limited time.

use std::time::Duration;

use super::concurrently::all;
use super::{LONG, StorePlace, StoreSuite, expect_record, intent, key, owner, record, sure};
use token_core::store::{Acquired, CommitCondition, Entry, Renewed, TokenStore};

impl<P: StorePlace> StoreSuite<P> {
    /// While one owner holds the lease, no other gets it.
    pub async fn a_lease_has_one_owner(&self) {
        let store = self.open().await;
        assert!(held(&*store, 1, LONG).await, "a free lease is refused");
        assert!(
            !held(&*store, 2, LONG).await,
            "a lease is given to a second owner"
        );
    }

    /// An owner that is refused learns how long the lease lasts at most.
    pub async fn busy_tells_what_is_left(&self) {
        let store = self.open().await;
        held(&*store, 1, LONG).await;
        let first = left(&*store).await;
        assert!(
            !first.is_zero() && first <= LONG,
            "{first:?} of {LONG:?} are left"
        );
        self.place.pass(self.short()).await;
        let second = left(&*store).await;
        assert!(second < first, "{second:?} are left, after {first:?} were");
    }

    /// The owner can acquire its lease again, for its whole TTL.
    pub async fn acquiring_again_renews(&self) {
        let store = self.open().await;
        held(&*store, 1, self.short()).await;
        assert!(
            held(&*store, 1, LONG).await,
            "the owner does not get its own lease again"
        );
        self.outlive_short().await;
        assert!(
            !held(&*store, 2, LONG).await,
            "a lease that was acquired again had its old TTL"
        );
    }

    /// An owner that acquires the lease gets the stored entry, whether the lease is granted or not.
    pub async fn acquiring_tells_what_is_kept(&self) {
        let store = self.open().await;
        assert!(
            told(&*store, 1).await.record.is_none(),
            "a record is returned for an empty store"
        );
        sure(
            store
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        sure(store.write_intent(&key(), &intent(1, 1)).await);
        self.outlive_short().await;
        for (number, who) in [(1, "the owner"), (2, "one that must wait")] {
            let entry = told(&*store, number).await;
            expect_record(entry.record.as_ref(), &record(1));
            assert_eq!(
                entry.intent,
                Some(intent(1, 1)),
                "{who} gets another intent"
            );
            let youngest = entry.record_age.min(entry.intent_age);
            assert!(
                youngest >= self.short(),
                "{who} gets ages of {youngest:?} at least"
            );
            assert!(!entry.tombstoned, "{who} gets a tombstone");
        }
        sure(store.tombstone(&key()).await);
        for number in [1, 2] {
            let entry = told(&*store, number).await;
            assert!(
                entry.tombstoned && entry.record.is_none(),
                "the tombstone is missing"
            );
            let removed = entry.tombstoned_generation;
            assert_eq!(
                removed,
                Some(record(1).generation),
                "the tombstone is without its generation"
            );
        }
    }

    /// Only the owner can release a lease, which frees it at once.
    // FAULTS.md row 8
    pub async fn a_lease_is_released_by_its_owner_only(&self) {
        let store = self.open().await;
        sure(store.release(&key(), &owner(1)).await);
        held(&*store, 1, LONG).await;
        sure(store.release(&key(), &owner(2)).await);
        assert!(
            !held(&*store, 2, LONG).await,
            "a lease was released by another than its owner"
        );
        sure(store.release(&key(), &owner(1)).await);
        assert!(held(&*store, 2, LONG).await, "a released lease is refused");
        sure(store.release(&key(), &owner(1)).await);
        assert!(
            !held(&*store, 3, LONG).await,
            "a lease was released by its former owner"
        );
    }

    /// A dead owner blocks others only until the lease expires.
    pub async fn a_lease_ends_by_the_stores_clock(&self) {
        let store = self.open().await;
        held(&*store, 1, self.short()).await;
        self.outlive_short().await;
        assert!(
            held(&*store, 2, LONG).await,
            "an expired lease is refused to others"
        );
        assert!(
            !held(&*store, 1, LONG).await,
            "the former owner takes the lease back"
        );
    }

    /// A renewed lease lasts for the whole time that it was renewed for.
    // FAULTS.md row 8
    pub async fn renewing_gives_a_whole_life(&self) {
        let store = self.open().await;
        held(&*store, 1, self.short()).await;
        assert_eq!(
            sure(store.renew(&key(), &owner(1), LONG).await),
            Renewed::Held
        );
        self.outlive_short().await;
        assert!(
            !held(&*store, 2, LONG).await,
            "a renewed lease had its old TTL"
        );
    }

    /// A lease that has expired, belongs to another owner, or never existed is not renewed.
    pub async fn a_lost_lease_is_not_renewed(&self) {
        let store = self.open().await;
        let renew = |number| {
            let store = &store;
            async move { sure(store.renew(&key(), &owner(number), LONG).await) }
        };
        assert_eq!(renew(1).await, Renewed::Lost, "a lease that never existed");
        held(&*store, 1, self.short()).await;
        assert_eq!(renew(2).await, Renewed::Lost, "a lease of another");
        self.outlive_short().await;
        assert_eq!(renew(1).await, Renewed::Lost, "an expired lease");
        assert!(
            held(&*store, 2, LONG).await,
            "a lease that was not renewed is refused"
        );
        assert_eq!(
            renew(1).await,
            Renewed::Lost,
            "an expired lease that another owner holds by now"
        );
        assert!(
            !held(&*store, 3, LONG).await,
            "a renewal that failed took the lease from its owner"
        );
    }

    /// Of 64 owners that acquire concurrently, one gets the lease.
    // FAULTS.md row 42
    pub async fn one_of_many_concurrent_owners_holds_the_lease(&self) {
        let stores = self.open_several(8).await;
        let asks = stores
            .iter()
            .cycle()
            .zip(1..=64)
            .map(|(store, number)| held(&**store, number, LONG));
        let owners = all(asks).await.into_iter().filter(|held| *held).count();
        assert_eq!(owners, 1, "{owners} of 64 concurrent owners hold the lease");
    }
}

async fn held(store: &dyn TokenStore, number: u8, life: Duration) -> bool {
    sure(store.acquire(&key(), &owner(number), life).await).is_held()
}

/// Returns the entry that an owner gets with the answer about the lease.
async fn told(store: &dyn TokenStore, number: u8) -> Entry {
    match sure(store.acquire(&key(), &owner(number), LONG).await) {
        Acquired::Held(entry) | Acquired::Busy { entry, .. } => entry,
        other => panic!("{other:?} is unknown to this version of the suite"),
    }
}

async fn left(store: &dyn TokenStore) -> Duration {
    match sure(store.acquire(&key(), &owner(2), LONG).await) {
        Acquired::Busy { left, .. } => left,
        _ => panic!("a lease is given to a second owner"),
    }
}
