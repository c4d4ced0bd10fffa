//! Users and servers that lack a command: the error says which, and what to do.

use std::time::Duration;

use local_servers::Redis;
use token_core::TokenStore;
use token_core::store::StoreError;
use token_redis::{RedisStore, RedisStoreBuilder, Servers};

use crate::place::{LONG, builder, key, owner, sealing};

/// A user with all rights but these.
fn user_without(redis: &Redis, rights: &str) -> RedisStoreBuilder {
    let mut words = vec![
        "ACL", "SETUSER", "tokens", "on", ">hunter2", "~*", "&*", "+@all",
    ];
    words.extend(rights.split(' '));
    redis.command(&words).unwrap();
    let url = redis.url().replace("redis://", "redis://tokens:hunter2@");
    RedisStore::builder(Servers::node(url), sealing())
}

#[track_caller]
fn assert_told(error: &StoreError, step: &str, method: &str) {
    let text = error.to_string();
    assert!(text.contains(step) && text.contains(method), "{text}");
    assert!(
        !text.contains("tokens:") && !text.contains("hunter2"),
        "{text}"
    );
}

// FAULTS.md row 86
#[tokio::test]
async fn a_user_without_info_is_told_how_to_do_without() {
    let redis = Redis::start().unwrap();
    let builder = user_without(&redis, "-info");
    let method = "`trusting_that_nothing_is_evicted`";
    let error = builder.clone().connect().await.unwrap_err();
    assert_told(&error, "INFO", method);
    let lazy = builder.clone().build().unwrap();
    lazy.load(&key()).await.unwrap();
    let error = lazy.acquire(&key(), &owner(1), LONG).await.unwrap_err();
    assert_told(&error, "INFO", method);

    let trusting = builder
        .trusting_that_nothing_is_evicted()
        .connect()
        .await
        .unwrap();
    trusting.acquire(&key(), &owner(1), LONG).await.unwrap();
}

// FAULTS.md row 86
#[tokio::test]
async fn a_server_without_hello_is_told_how_to_do_without() {
    let redis = Redis::with()
        .setting("rename-command", "HELLO \"\"")
        .start()
        .unwrap();
    let error = builder(&redis).connect().await.unwrap_err();
    assert_told(&error, "HELLO while connecting", "`polling_only`");
    let error = builder(&redis)
        .build()
        .unwrap()
        .load(&key())
        .await
        .unwrap_err();
    assert_told(&error, "HELLO while connecting", "`polling_only`");
    builder(&redis).polling_only().connect().await.unwrap();
}

// FAULTS.md rows 86 and 93
#[tokio::test]
async fn a_user_without_wait_or_scripts_is_told_which_is_missing() {
    let redis = Redis::start().unwrap();
    let waiting = user_without(&redis, "-wait").replicas(1, Duration::from_millis(10));
    let error = waiting
        .connect()
        .await
        .unwrap()
        .tombstone(&key())
        .await
        .unwrap_err();
    assert_told(&error, "WAIT", "`replicas`");
    let store = user_without(&redis, "-@scripting").connect().await.unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert_told(&error, "a script", "rights");
}
