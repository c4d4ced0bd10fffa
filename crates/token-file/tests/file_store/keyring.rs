//! The sealing key in a keyring in memory: those of the platforms are other packages.

use std::fs;
use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::mock;
use keyring_core::{Entry, Error};
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;

use crate::fixture::{Fixture, error_of, key, record, stored, why_not_loaded};

fn keyring() -> Arc<mock::Store> {
    mock::Store::new().unwrap()
}

fn entry(keyring: &mock::Store) -> Entry {
    keyring.build("acme-sync", "token store", None).unwrap()
}

#[tokio::test]
async fn the_first_use_creates_a_key_that_the_next_reads() {
    let (fixture, keyring) = (Fixture::empty(), keyring());
    let first = fixture
        .store()
        .sealed_by_keyring(entry(&keyring))
        .await
        .unwrap();
    first.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    assert!(
        !fs::read_to_string(fixture.file())
            .unwrap()
            .contains("s3cr3t")
    );
    let next = fixture
        .store()
        .sealed_by_keyring(entry(&keyring))
        .await
        .unwrap();
    assert_eq!(stored(&next).await, Some(1));
    assert_eq!(entry(&keyring).get_secret().unwrap().len(), 32);
}

#[tokio::test]
async fn handles_that_create_the_key_concurrently_use_the_same() {
    let (fixture, keyring) = (Fixture::empty(), keyring());
    let stores: Vec<_> = (0..8)
        .map(|_| tokio::spawn(fixture.store().sealed_by_keyring(entry(&keyring))))
        .collect();
    for (number, store) in (1..).zip(stores) {
        let store = store.await.unwrap().unwrap();
        if number == 1 {
            store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
        }
        assert_eq!(stored(&store).await, Some(1));
    }
}

#[tokio::test]
async fn a_deleted_entry_is_a_clear_error_and_loses_nothing() {
    let (fixture, keyring) = (Fixture::empty(), keyring());
    let store = fixture
        .store()
        .sealed_by_keyring(entry(&keyring))
        .await
        .unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    entry(&keyring).delete_credential().unwrap();
    let other = fixture
        .store()
        .sealed_by_keyring(entry(&keyring))
        .await
        .unwrap();
    assert!(
        why_not_loaded(&other)
            .await
            .contains("another key than the one given")
    );
    assert_eq!(stored(&store).await, Some(1));
}

#[tokio::test]
async fn an_entry_of_something_else_is_an_error_and_is_kept() {
    let (fixture, keyring) = (Fixture::empty(), keyring());
    entry(&keyring).set_password("a pass phrase").unwrap();
    let said = error_of(fixture.store().sealed_by_keyring(entry(&keyring)).await);
    assert!(
        said.contains("holds no sealing key") && !said.contains("phrase"),
        "{said}"
    );
    assert_eq!(entry(&keyring).get_password().unwrap(), "a pass phrase");
}

#[tokio::test]
async fn a_locked_keyring_is_an_error_that_says_so() {
    let (fixture, keyring) = (Fixture::empty(), keyring());
    let locked = entry(&keyring);
    let credential = locked.as_any().downcast_ref::<mock::Cred>().unwrap();
    credential.set_error(Error::NoStorageAccess("it is locked".into()));
    let said = error_of(fixture.store().sealed_by_keyring(locked).await);
    assert!(said.contains("keyring: it is locked"), "{said}");
}
