//! A record is kept as it was committed.

use super::{BIG, LONG, StorePlace, StoreSuite, child_of, expect_stored, key, record, sure};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Committed, Record, RefreshFingerprint};
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
        sure(store.commit(&key(), &Overwrite, &record(1)).await);
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
        for condition in [Overwrite, child_of(0)] {
            sure(store.commit(&key(), &condition, &record(1)).await);
            assert!(
                age().await >= wanted,
                "a repeated commit made the record younger"
            );
        }
        sure(store.commit(&key(), &child_of(1), &record(2)).await);
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
            let committed = sure(store.commit(&key(), &Overwrite, &record).await);
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
            sure(store.commit(&key(), &Overwrite, &record).await);
            expect_stored(&*store, &key(), &record).await;
        }
    }
}
