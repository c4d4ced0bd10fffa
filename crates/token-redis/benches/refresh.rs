//! The cost of a refresh in the store, compared to bare `SET` and `GET`, in one run on one server.
//!
//! ```sh
//! cargo bench -p token-redis
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::time::{Duration, Instant};

use local_servers::Redis;
use redis::aio::MultiplexedConnection;
use token_core::store::{CommitCondition, Intent, Owner, Record, RefreshFingerprint};
use token_core::{Generation, Secret, TokenKey, TokenStore};
use token_redis::RedisStore;
use token_sealing::{Sealing, SealingKey};

/// Refreshes per run, and runs. The runs alternate, so that changes in the machine's load affect
/// all.
const REFRESHES: u8 = 250;
const RUNS: u32 = 16;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let redis = Redis::start().unwrap();
    let sealing = Sealing::with(SealingKey::new("bench", [7; 32]).unwrap());
    let store = RedisStore::connect(&redis.url(), sealing).await.unwrap();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut bare = client.get_multiplexed_async_connection().await.unwrap();
    let (mut set, mut get, mut refresh) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..RUNS {
        set += sets(&mut bare).await;
        get += gets(&mut bare).await;
        refresh += refreshes(&store).await;
    }
    let count = u32::from(REFRESHES) * RUNS;
    println!("SET      {:>9.1?}", set / count);
    println!("GET      {:>9.1?}", get / count);
    println!(
        "refresh  {:>9.1?}: acquire, intend, commit, release",
        refresh / count
    );
    let pair = (set + get).as_secs_f64();
    println!(
        "refresh / (SET + GET)         {:.2}",
        refresh.as_secs_f64() / pair
    );
    println!(
        "refresh / one of them         {:.2}",
        refresh.as_secs_f64() * 2.0 / pair
    );
}

async fn sets(bare: &mut MultiplexedConnection) -> Duration {
    let began = Instant::now();
    for _ in 0..REFRESHES {
        let () = redis::cmd("SET")
            .arg("bare")
            .arg(body())
            .query_async(bare)
            .await
            .unwrap();
    }
    began.elapsed()
}

async fn gets(bare: &mut MultiplexedConnection) -> Duration {
    let began = Instant::now();
    for _ in 0..REFRESHES {
        let _: String = redis::cmd("GET")
            .arg("bare")
            .query_async(bare)
            .await
            .unwrap();
    }
    began.elapsed()
}

async fn refreshes(store: &RedisStore) -> Duration {
    let key = TokenKey::of("acme", "api.acme.example", "bench");
    store
        .commit(&key, &CommitCondition::Overwrite, &record(0))
        .await
        .unwrap();
    let began = Instant::now();
    for parent in 0..REFRESHES {
        refresh(store, &key, parent).await;
    }
    began.elapsed()
}

async fn refresh(store: &RedisStore, key: &TokenKey, parent: u8) {
    let owner = Owner::new([1; 16]);
    let intent = Intent {
        owner: owner.clone(),
        fingerprint: Some(RefreshFingerprint([parent; 32])),
        generation: Generation::default(),
    };
    store
        .acquire(key, &owner, Duration::from_secs(30))
        .await
        .unwrap();
    store.write_intent(key, &intent).await.unwrap();
    let child = CommitCondition::ParentIs(RefreshFingerprint([parent; 32]));
    store
        .commit(key, &child, &record(parent + 1))
        .await
        .unwrap();
    store.release(key, &owner).await.unwrap();
}

fn record(number: u8) -> Record {
    Record::new(
        RefreshFingerprint([number; 32]),
        Generation::new(number.into()),
        Secret::from(body()),
    )
}

/// As long as a record with two JWTs.
fn body() -> String {
    "x".repeat(1500)
}
