//! What is visible to others who can read the server.

use local_servers::Redis;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Intent, Record, Renewed};
use token_core::{Secret, TokenStore};
use token_redis::{RedisStore, Servers};
use token_sealing::{Sealing, SealingKey};

use crate::setup::{LONG, child_of, fingerprint, key, owner, record, sealing, store};

async fn opened_with(redis: &Redis, sealing: Sealing) -> RedisStore {
    RedisStore::builder(Servers::node(redis.url()), sealing)
        .connect()
        .await
        .unwrap()
}

fn key_named(id: &str, byte: u8) -> SealingKey {
    SealingKey::new(id, [byte; 32]).unwrap()
}

/// Returns everything on the server, as it answers.
fn everything(redis: &Redis) -> String {
    let names = redis.command(&["KEYS", "*"]).unwrap();
    assert!(!names.trim().is_empty());
    let values = names
        .lines()
        .map(|name| redis.command(&["HGETALL", name]).unwrap());
    values.chain([names.clone()]).collect()
}

#[tokio::test]
async fn neither_token_is_in_what_the_server_holds() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    let body = r#"{"access":"access-hunter2","refresh":"refresh-hunter3"}"#;
    let record = Record {
        body: Secret::from(body),
        ..record(1)
    };
    store.commit(&key(), &Overwrite, &record).await.unwrap();
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    let intent = Intent {
        owner: owner(1),
        fingerprint: Some(fingerprint(1)),
        generation: record.generation,
    };
    store.write_intent(&key(), &intent).await.unwrap();
    let everything = everything(&redis);
    assert!(
        everything.contains("body") && everything.contains("test-1"),
        "the dump is of something else"
    );
    assert!(!everything.contains("hunter"));
    assert_eq!(
        store
            .load(&key())
            .await
            .unwrap()
            .record
            .unwrap()
            .body
            .expose(),
        body
    );
}

#[tokio::test]
async fn a_wrong_key_is_a_clear_error_and_the_record_is_kept() {
    let redis = Redis::start().unwrap();
    let right = store(&redis).await;
    right.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    for (id, byte) in [("test-1", 8), ("test-2", 7)] {
        let wrong = opened_with(&redis, Sealing::with(key_named(id, byte))).await;
        let error = wrong.load(&key()).await.unwrap_err().to_string();
        assert!(
            error.contains("key id test-1") && error.contains("left unchanged"),
            "{error}"
        );
        wrong.acquire(&key(), &owner(byte), LONG).await.unwrap_err();
        let lease = right.acquire(&key(), &owner(1), LONG).await.unwrap();
        assert!(
            lease.is_held(),
            "who cannot read the record keeps the lease from who can"
        );
        wrong.acquire(&key(), &owner(byte), LONG).await.unwrap_err();
        let lease = right.renew(&key(), &owner(1), LONG).await.unwrap();
        assert_eq!(lease, Renewed::Held);
        right.release(&key(), &owner(1)).await.unwrap();
    }
    assert!(right.load(&key()).await.unwrap().record.is_some());
}

#[tokio::test]
async fn a_sealing_key_is_rotated_without_interruption() {
    let redis = Redis::start().unwrap();
    let old = store(&redis).await;
    old.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    let rotated = Sealing::with(key_named("test-2", 9)).or_opened_by(key_named("test-1", 7));
    let new = opened_with(&redis, rotated).await;
    assert!(new.load(&key()).await.unwrap().record.is_some());
    new.commit(&key(), &child_of(1), &record(2)).await.unwrap();
    old.load(&key()).await.unwrap_err();
    let only_new = opened_with(&redis, Sealing::with(key_named("test-2", 9))).await;
    assert_eq!(
        only_new
            .load(&key())
            .await
            .unwrap()
            .record
            .unwrap()
            .generation,
        record(2).generation
    );
}

// FAULTS.md row 38
#[tokio::test]
async fn a_foreign_value_under_the_same_key_is_an_error_and_is_kept() {
    let redis = Redis::start().unwrap();
    let store = RedisStore::builder(Servers::node(redis.url()), sealing())
        .connect()
        .await
        .unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    let name = redis.command(&["KEYS", "*"]).unwrap().trim().to_owned();
    redis
        .command(&["HSET", &name, "body", "changed by hand"])
        .unwrap();
    store.load(&key()).await.unwrap_err();
    assert_eq!(
        redis.command(&["HGET", &name, "body"]).unwrap().trim(),
        "changed by hand"
    );
    redis.command(&["DEL", &name]).unwrap();
    redis.command(&["SET", &name, "a text"]).unwrap();
    let error = store.load(&key()).await.unwrap_err().to_string();
    assert!(!error.contains("a text"), "{error}");
    store
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap_err();
    assert_eq!(redis.command(&["GET", &name]).unwrap().trim(), "a text");
}
