//! The sealing key in a keyring in memory: those of the platforms are other packages.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::mock;
use keyring_core::{Entry, Error};
use token_core::store::CommitCondition::Overwrite;
use token_file::FileStore;

use crate::fixture::{Fixture, commit, error_of, stored, why_not_loaded};

fn keyring() -> Arc<mock::Store> {
    mock::Store::new().unwrap()
}

fn entry(keyring: &mock::Store) -> Entry {
    keyring.build("acme-sync", "token store", None).unwrap()
}

async fn sealed(fixture: &Fixture, keyring: &mock::Store) -> FileStore {
    let sealed = fixture.store().sealed_by_keyring(entry(keyring)).await;
    sealed.unwrap()
}

#[tokio::test]
async fn the_first_use_creates_a_key_that_the_next_reads() {
    let (fixture, keyring) = (Fixture::empty(), keyring());
    let first = sealed(&fixture, &keyring).await;
    commit(&first, &Overwrite, 1).await;
    assert!(!fixture.text().contains("s3cr3t"));
    let next = sealed(&fixture, &keyring).await;
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
            commit(&store, &Overwrite, 1).await;
        }
        assert_eq!(stored(&store).await, Some(1));
    }
}

#[tokio::test]
async fn a_deleted_entry_is_a_clear_error_and_loses_nothing() {
    let (fixture, keyring) = (Fixture::empty(), keyring());
    let store = sealed(&fixture, &keyring).await;
    commit(&store, &Overwrite, 1).await;
    entry(&keyring).delete_credential().unwrap();
    let other = sealed(&fixture, &keyring).await;
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
