//! Keys are separate, and the handles on one place share a store.

use std::sync::Arc;

use super::{
    Handles, LONG, StorePlace, StoreSuite, child_of, expect_stored, intent, key, owner, record,
    sure,
};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Acquired, Committed, Record, TokenStore};
use token_core::{Secret, TokenKey};

impl<P: StorePlace> StoreSuite<P> {
    /// Keys of any characters, up to 512 of them, have separate records, leases and intents.
    pub async fn keys_do_not_mix(&self) {
        let store = self.open().await;
        let keys = odd_keys();
        for (key, number) in keys.iter().zip(1..) {
            sure(store.commit(key, &Overwrite, &record(number)).await);
            let lease = sure(store.acquire(key, &owner(number), LONG).await);
            assert!(lease.is_held(), "the lease of {key} is that of another key");
            sure(store.write_intent(key, &intent(number, number)).await);
        }
        for (key, number) in keys.iter().zip(1..) {
            expect_stored(&*store, key, &record(number)).await;
            let found = sure(store.load(key).await).intent;
            assert_eq!(
                found,
                Some(intent(number, number)),
                "the intent of {key} is that of another key"
            );
        }
    }

    /// Two handles on one place share record, lease, intent and tombstone.
    pub async fn handles_see_each_others_writes(&self) {
        if let Some((one, other)) = self.two_handles().await {
            sure(one.commit(&key(), &Overwrite, &record(1)).await);
            expect_stored(&*other, &key(), &record(1)).await;
            sure(other.acquire(&key(), &owner(2), LONG).await);
            let lease = sure(one.acquire(&key(), &owner(1), LONG).await);
            assert!(
                matches!(lease, Acquired::Busy { .. }),
                "each handle grants the lease once"
            );
            sure(other.write_intent(&key(), &intent(2, 1)).await);
            let seen = sure(one.load(&key()).await).intent;
            assert_eq!(
                seen,
                Some(intent(2, 1)),
                "another handle does not see the intent"
            );
            sure(other.tombstone(&key()).await);
            let late = one.commit(&key(), &child_of(1), &record(2)).await;
            assert_eq!(
                sure(late),
                Committed::Tombstoned,
                "another handle does not see the tombstone"
            );
        }
    }

    /// Neither the store nor a loaded entry shows a body in its `Debug` output.
    pub async fn debug_shows_no_body(&self) {
        let store = self.open().await;
        let body = "nobody-may-read-this";
        let record = Record {
            body: Secret::from(body),
            ..record(1)
        };
        sure(store.commit(&key(), &Overwrite, &record).await);
        let entry = sure(store.load(&key()).await);
        let shown = format!("{store:?} {store:#?} {entry:?} {entry:#?}");
        assert!(!shown.contains(body), "a body is in a Debug");
    }

    /// Returns `None` and prints why, if handles are separate stores.
    #[expect(
        clippy::print_stderr,
        reason = "a skipped law must not look like one that holds"
    )]
    pub(super) async fn two_handles(&self) -> Option<(Arc<dyn TokenStore>, Arc<dyn TokenStore>)> {
        match self.place.handles() {
            Handles::Shared => Some((self.open().await, self.open().await)),
            Handles::Apart(why) => {
                eprintln!("skipped, since handles are separate stores: {why}");
                None
            }
        }
    }
}

/// Keys that a file system, a shell, a pattern or a short column may confuse.
pub(super) fn odd_keys() -> Vec<TokenKey> {
    let long = "x".repeat(500);
    let names = [
        "acme/host/grant",
        "acme/host/GRANT",
        "acme/host/grant/",
        "acme/host/gran",
        "acme/host/../host/grant",
        "acme/host/gran%74",
        "acme/host/grant.lock",
        "acme/host/gran?",
        "acme/host/*",
        "acme:host:grant",
        "acme_host_grant",
        "../../acme",
        "/acme",
        "..",
        ".",
        "{acme}/host",
        "acme/'host'/\"grant\"\\",
    ];
    let long = ["1", "2"].map(|end| format!("{long}/{end}"));
    let names = names.iter().map(|name| (*name).to_owned()).chain(long);
    names
        .filter_map(|name| TokenKey::parse(&name).ok())
        .collect()
}
