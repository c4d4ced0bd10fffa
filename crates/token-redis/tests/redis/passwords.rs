//! A password that changes under a running program.

use std::sync::{Arc, Mutex};

use local_servers::Redis;
use token_core::store::StoreError;
use token_core::{Secret, TokenStore};
use token_redis::{RedisStore, RedisStoreBuilder, Servers};

use crate::place::{key, sealing, until};

/// What the program is told when it asks, and how often it asked.
#[derive(Clone)]
struct Vault(Arc<Mutex<(String, u32)>>);

impl Vault {
    fn new(password: &str) -> Self {
        Self(Arc::new(Mutex::new((password.to_owned(), 0))))
    }

    fn says(&self, password: &str) {
        password.clone_into(&mut self.0.lock().unwrap().0);
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().1
    }

    fn tell(&self) -> Result<Secret, StoreError> {
        let mut told = self.0.lock().unwrap();
        told.1 += 1;
        match told.0.as_str() {
            "" => Err(StoreError::new("the vault is closed")),
            password => Ok(Secret::from(password)),
        }
    }

    fn give_to(&self, builder: RedisStoreBuilder) -> RedisStoreBuilder {
        let vault = self.clone();
        builder.password_source(move || {
            let told = vault.tell();
            async move { told }
        })
    }
}

/// Makes this the only password of the user, and closes the connections that were made with
/// another.
fn rotate(redis: &Redis, password: &str) {
    let new = format!(">{password}");
    let rights = ["~*", "&*", "+@all"];
    let user = ["ACL", "SETUSER", "tokens", "on", "resetpass", &new];
    redis.command(&[&user[..], &rights[..]].concat()).unwrap();
    redis
        .command(&["CLIENT", "KILL", "USER", "tokens"])
        .unwrap();
}

async fn survives_a_rotation(redis: &Redis, servers: Servers) {
    let vault = Vault::new("hunter1");
    rotate(redis, "hunter1");
    let store = vault.give_to(RedisStore::builder(servers, sealing()));
    let store = store.connect().await.unwrap();
    store.load(&key()).await.unwrap();
    assert_eq!(vault.asked(), 1, "it asks when it connects, and then only");

    rotate(redis, "hunter2");
    // A cluster's connection tries the old password for itself first.
    until("the old password is refused", async || {
        store.load(&key()).await.is_err()
    })
    .await;
    let error = store.load(&key()).await.unwrap_err();
    assert!(
        !format!("{error} {error:?} {store:?}").contains("hunter"),
        "{error}"
    );
    vault.says("hunter2");
    store.load(&key()).await.unwrap();

    rotate(redis, "hunter3");
    vault.says("hunter3");
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
async fn a_source_that_fails_is_an_error_of_the_store_and_is_asked_again() {
    let redis = Redis::with().password("hunter1").start().unwrap();
    let vault = Vault::new("");
    let url = redis.url().replace("hunter1", "wrong");
    let store = vault.give_to(RedisStore::builder(Servers::node(url), sealing()));
    let store = store.build().unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "the vault is closed");
    vault.says("hunter1");
    store.load(&key()).await.unwrap();
}
