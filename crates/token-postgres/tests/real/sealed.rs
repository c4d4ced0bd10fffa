//! The table reveals no token.

use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::Renewed;
use token_sealing::SealingKey;

use crate::place::{LIFE, Place, child_of, key, owner, record, sealing};

#[tokio::test]
async fn no_token_is_in_the_table() {
    let place = Place::direct().await;
    let store = place.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    store
        .commit(&key(), &child_of(1), &record(2))
        .await
        .unwrap();
    let dump = place.sql("SELECT tokens::text FROM TOKENS AS tokens");
    assert!(
        dump.contains("v1.1.") && dump.contains(key().as_str()),
        "{dump}"
    );
    assert!(!dump.contains("token 2"), "{dump}");
    let within = "SELECT position('token'::bytea IN decode(rpad(text, (length(text) + 3) / 4 * 4, '='), 'base64')) \
                  FROM (SELECT translate(split_part(body, '.', 3), '-_', '+/') AS text FROM TOKENS) AS bodies";
    assert_eq!(place.sql(within).trim(), "0");
}

#[tokio::test]
async fn a_wrong_sealing_key_is_a_clear_error_and_the_record_is_kept() {
    let place = Place::direct().await;
    place
        .store()
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap();
    for (wrong, words) in [
        (sealing("1", 2), "another key than the one given"),
        (sealing("2", 2), "a key that was not given"),
    ] {
        let store = token_postgres::PostgresStore::builder(wrong)
            .url(&*place.url)
            .table(&place.table);
        let (wrong, right) = (store.build().unwrap(), place.store());
        let error = wrong.load(&key()).await.unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("key id 1"),
            "{error}"
        );
        wrong.acquire(&key(), &owner(2), LIFE).await.unwrap_err();
        let lease = right.acquire(&key(), &owner(1), LIFE).await.unwrap();
        assert!(
            lease.is_held(),
            "who cannot read the record keeps the lease from who can"
        );
        wrong.acquire(&key(), &owner(2), LIFE).await.unwrap_err();
        let lease = right.renew(&key(), &owner(1), LIFE).await.unwrap();
        assert_eq!(lease, Renewed::Held);
        right.release(&key(), &owner(1)).await.unwrap();
    }
    let kept = place.store().load(&key()).await.unwrap().record.unwrap();
    assert_eq!(kept.body.expose(), record(1).body.expose());
}

#[tokio::test]
async fn a_sealing_key_is_rotated_without_interruption() {
    let place = Place::direct().await;
    place
        .store()
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap();
    let both = sealing("2", 2).or_opened_by(SealingKey::new("1", [1; 32]).unwrap());
    let store = token_postgres::PostgresStore::builder(both)
        .url(&*place.url)
        .table(&place.table);
    let store = store.build().unwrap();
    assert!(store.load(&key()).await.unwrap().record.is_some());
    store
        .commit(&key(), &child_of(1), &record(2))
        .await
        .unwrap();
    assert!(place.sql("SELECT body FROM TOKENS").starts_with("v1.2."));
}

#[tokio::test]
async fn a_record_that_is_moved_to_another_key_does_not_open() {
    let place = Place::direct().await;
    let store = place.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    place.sql("UPDATE TOKENS SET key = 'acme/api.acme.example/another'");
    let other = token_core::TokenKey::of("acme", "api.acme.example", "another");
    store.load(&other).await.unwrap_err();
}
