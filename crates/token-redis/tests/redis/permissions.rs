//! Users and servers without a command: the error names it, and what to do.

use std::time::Duration;

use local_servers::Redis;
use token_core::TokenStore;
use token_core::store::StoreError;
use token_redis::{RedisStore, RedisStoreBuilder, Servers};

use crate::setup::{LONG, builder, key, owner, sealing};

/// Creates a user with all permissions except these.
fn user_without(redis: &Redis, permissions: &str) -> RedisStoreBuilder {
    let mut words = vec![
        "ACL", "SETUSER", "tokens", "on", ">hunter2", "~*", "&*", "+@all",
    ];
    words.extend(permissions.split(' '));
    redis.command(&words).unwrap();
    let url = redis.url().replace("redis://", "redis://tokens:hunter2@");
    RedisStore::builder(Servers::node(url), sealing())
}

#[track_caller]
fn assert_error(error: &StoreError, step: &str, method: &str) {
    let text = error.to_string();
    assert!(text.contains(step) && text.contains(method), "{text}");
    assert!(
        !text.contains("tokens:") && !text.contains("hunter2"),
        "{text}"
    );
}

// FAULTS.md row 86
#[tokio::test]
async fn the_error_of_a_user_without_info_names_the_setting() {
    let redis = Redis::start().unwrap();
    let builder = user_without(&redis, "-info");
    let method = "`skip_server_check`";
    let error = builder.clone().connect().await.unwrap_err();
    assert_error(&error, "INFO", method);
    let lazy = builder.clone().build().unwrap();
    lazy.load(&key()).await.unwrap();
    let error = lazy.acquire(&key(), &owner(1), LONG).await.unwrap_err();
    assert_error(&error, "INFO", method);

    let unchecked = builder.skip_server_check().connect().await.unwrap();
    unchecked.acquire(&key(), &owner(1), LONG).await.unwrap();
}

// FAULTS.md row 86
#[tokio::test]
async fn the_error_of_a_server_without_hello_names_the_setting() {
    let redis = Redis::with()
        .setting("rename-command", "HELLO \"\"")
        .start()
        .unwrap();
    let error = builder(&redis).connect().await.unwrap_err();
    assert_error(&error, "HELLO", "`polling_only`");
    let error = builder(&redis)
        .build()
        .unwrap()
        .load(&key())
        .await
        .unwrap_err();
    assert_error(&error, "HELLO", "`polling_only`");
    builder(&redis).polling_only().connect().await.unwrap();
}

// FAULTS.md rows 86 and 93
#[tokio::test]
async fn the_error_of_a_user_without_wait_or_scripts_names_it() {
    let redis = Redis::start().unwrap();
    let waiting = user_without(&redis, "-wait").replicas(1, Duration::from_millis(10));
    let error = waiting
        .connect()
        .await
        .unwrap()
        .tombstone(&key())
        .await
        .unwrap_err();
    assert_error(&error, "WAIT", "`replicas`");
    let store = user_without(&redis, "-@scripting").connect().await.unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert_error(&error, "a script", "permissions");
}
