//! The fields in plain text are returned unchanged.

use super::{
    BIG, LONG, StorePlace, StoreSuite, expect_stored, fingerprint, key, owner, record, sure,
};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Intent, Record};
use token_core::{Generation, Timestamp};

/// Generations that a signed number or a floating point number cannot represent, and the smallest.
const GENERATIONS: [u64; 5] = [0, BIG, 1 << 63, u64::MAX - 1, u64::MAX];

impl<P: StorePlace> StoreSuite<P> {
    /// The due time, the end of the grant and the initial fingerprint are returned unchanged, and
    /// are absent if they were absent.
    pub async fn the_plain_fields_come_back_as_they_were(&self) {
        let store = self.open().await;
        let instants = [
            0,
            -1,
            1_700_000_000_123,
            BIG.cast_signed(),
            i64::MIN,
            i64::MAX,
        ];
        for millis in instants {
            let instant = Timestamp::from_unix_millis(millis);
            for filled in [
                Record {
                    due_at: Some(instant),
                    ..record(1)
                },
                Record {
                    grant_ends_at: Some(instant),
                    ..record(1)
                },
                Record {
                    initial: Some(fingerprint(200)),
                    ..record(1)
                },
                record(1),
            ] {
                sure(store.commit(&key(), &Overwrite, &filled).await);
                expect_stored(&*store, &key(), &filled).await;
            }
        }
    }

    /// Every generation is returned unchanged: of a record, of an intent, and of a record that a
    /// logout removed.
    // FAULTS.md row 56
    pub async fn every_generation_comes_back(&self) {
        let store = self.open().await;
        sure(store.acquire(&key(), &owner(1), LONG).await);
        for generation in GENERATIONS.map(Generation::new) {
            let record = Record {
                generation,
                ..record(1)
            };
            sure(store.commit(&key(), &Overwrite, &record).await);
            expect_stored(&*store, &key(), &record).await;
            let intent = Intent {
                owner: owner(1),
                fingerprint: Some(fingerprint(1)),
                generation,
            };
            sure(store.write_intent(&key(), &intent).await);
            let found = sure(store.load(&key()).await).intent;
            assert_eq!(found, Some(intent), "another intent is stored");
            sure(store.tombstone(&key()).await);
            let removed = sure(store.load(&key()).await).tombstoned_generation;
            assert_eq!(removed, Some(generation), "another generation was removed");
        }
    }
}
