//! A password that changes while the program runs.

use std::sync::{Arc, Mutex};

use local_servers::Redis;
use token_core::store::StoreError;
use token_core::{Secret, TokenStore};
use token_redis::{RedisStore, RedisStoreBuilder, Servers};

use crate::setup::{key, sealing, until};

/// The password that the source returns, and how often it was called.
#[derive(Clone)]
struct PasswordStore(Arc<Mutex<(String, u32)>>);

impl PasswordStore {
    fn new(password: &str) -> Self {
        Self(Arc::new(Mutex::new((password.to_owned(), 0))))
    }

    fn set(&self, password: &str) {
        password.clone_into(&mut self.0.lock().unwrap().0);
    }

    fn calls(&self) -> u32 {
        self.0.lock().unwrap().1
    }

    fn get(&self) -> Result<Secret, StoreError> {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        match state.0.as_str() {
            "" => Err(StoreError::new("the password store is closed")),
            password => Ok(Secret::from(password)),
        }
    }

    fn configure(&self, builder: RedisStoreBuilder) -> RedisStoreBuilder {
        let passwords = self.clone();
        builder.password_source(move || {
            let password = passwords.get();
            async move { password }
        })
    }
}

/// Makes this the only password of the user, and closes the connections that used another.
fn rotate(redis: &Redis, password: &str) {
    let new = format!(">{password}");
    let permissions = ["~*", "&*", "+@all"];
    let user = ["ACL", "SETUSER", "tokens", "on", "resetpass", &new];
    redis
        .command(&[&user[..], &permissions[..]].concat())
        .unwrap();
    redis
        .command(&["CLIENT", "KILL", "USER", "tokens"])
        .unwrap();
}

async fn survives_a_rotation(redis: &Redis, servers: Servers) {
    let passwords = PasswordStore::new("hunter1");
    rotate(redis, "hunter1");
    let store = passwords.configure(RedisStore::builder(servers, sealing()));
    let store = store.connect().await.unwrap();
    store.load(&key()).await.unwrap();
    assert_eq!(
        passwords.calls(),
        1,
        "it asks when it connects, and then only"
    );

    rotate(redis, "hunter2");
    // A cluster's connection first tries the old password itself.
    until("the old password is refused", async || {
        store.load(&key()).await.is_err()
    })
    .await;
    let error = store.load(&key()).await.unwrap_err();
    assert!(
        !format!("{error} {error:?} {store:?}").contains("hunter"),
        "{error}"
    );
    passwords.set("hunter2");
    store.load(&key()).await.unwrap();

    rotate(redis, "hunter3");
    passwords.set("hunter3");
    store.load(&key()).await.unwrap();
}

// FAULTS.md row 95
#[tokio::test]
async fn a_rotated_password_works_without_a_new_store() {
    let redis = Redis::start().unwrap();
    let url = redis.url().replace("redis://", "redis://tokens@");
    survives_a_rotation(&redis, Servers::node(url)).await;
}

// FAULTS.md row 95
#[tokio::test]
async fn a_rotated_password_works_in_a_cluster() {
    let redis = Redis::with().cluster().start().unwrap();
    let url = redis.url().replace("redis://", "redis://tokens@");
    survives_a_rotation(&redis, Servers::cluster([url])).await;
}

// FAULTS.md row 95
#[tokio::test]
async fn a_rotated_password_works_behind_sentinels() {
    let primary = Redis::start().unwrap();
    let sentinel = Redis::sentinel_of(&primary, "tokens", 5000).unwrap();
    let servers = Servers::sentinels([sentinel.url()], "tokens").nodes_like("redis://tokens@node");
    survives_a_rotation(&primary, servers).await;
}

// FAULTS.md row 95
#[tokio::test]
async fn a_source_that_fails_is_a_store_error_and_is_called_again() {
    let redis = Redis::with().password("hunter1").start().unwrap();
    let passwords = PasswordStore::new("");
    let url = redis.url().replace("hunter1", "wrong");
    let store = passwords.configure(RedisStore::builder(Servers::node(url), sealing()));
    let store = store.build().unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "the password store is closed");
    passwords.set("hunter1");
    store.load(&key()).await.unwrap();
}
