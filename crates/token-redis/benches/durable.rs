//! How long a commit takes until it is acknowledged, on a Redis that syncs each write, against one write with `fsync` on the same disk.
//!
//! ```sh
//! cargo bench -p token-redis --bench durable
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::fs::File;
use std::io::{Seek, Write};
use std::time::{Duration, Instant};

use local_servers::Redis;
use token_core::sealing::{Sealing, SealingKey};
use token_core::store::{CommitCondition, Intent, Lineage, Owner, Record};
use token_core::{Generation, Key, Secret, TokenStore};
use token_redis::RedisStore;

const REFRESHES: u64 = 400;
const LEASE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let syncing = Redis::with().append_only().start().unwrap();
    let forgetting = Redis::start().unwrap();
    let stores = [opened(&syncing).await, opened(&forgetting).await];
    // the servers keep their files in the same folder of the system
    let path = std::env::temp_dir().join(format!("token-redis-bench-{}", std::process::id()));
    let mut file = File::create(&path).unwrap();
    let (mut plain, mut durable, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for parent in 0..REFRESHES {
        plain.push(write_with_fsync(&mut file));
        durable.push(refreshed(&stores[0], parent).await);
        memory.push(refreshed(&stores[1], parent).await);
    }
    std::fs::remove_file(path).unwrap();
    let (plain, durable, memory) = (median(plain), median(durable), median(memory));
    let ratio = |time: Duration| time.as_secs_f64() / plain.as_secs_f64();
    println!("medians of {REFRESHES} refreshes, the call of `commit` being the start\n");
    println!("one write with fsync          {plain:>9.1?}");
    println!(
        "commit, appendfsync always    {durable:>9.1?}  ×{:.2}",
        ratio(durable)
    );
    println!(
        "commit, kept in memory        {memory:>9.1?}  ×{:.2}",
        ratio(memory)
    );
}

async fn opened(redis: &Redis) -> RedisStore {
    let sealing = Sealing::with(SealingKey::new("bench", [7; 32]).unwrap());
    let store = RedisStore::connect(&redis.url(), sealing).await.unwrap();
    store
        .commit(&key(), &CommitCondition::Overwrite, &record(0))
        .await
        .unwrap();
    store
}

/// One refresh, of which the commit counts.
async fn refreshed(store: &RedisStore, parent: u64) -> Duration {
    let intent = Intent {
        owner: owner(),
        lineage: Some(lineage(parent)),
        generation: Generation::new(parent),
    };
    store.acquire(&key(), &owner(), LEASE).await.unwrap();
    store.intend(&key(), &intent).await.unwrap();
    let began = Instant::now();
    let child = CommitCondition::ParentIs(lineage(parent));
    store.commit(&key(), &child, &record(parent + 1)).await.unwrap();
    let took = began.elapsed();
    store.release(&key(), &owner()).await.unwrap();
    took
}

fn write_with_fsync(file: &mut File) -> Duration {
    let content = body();
    let began = Instant::now();
    file.rewind().unwrap();
    file.write_all(content.expose().as_bytes()).unwrap();
    file.sync_all().unwrap();
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap()
}

fn record(number: u64) -> Record {
    Record::new(lineage(number), Generation::new(number), body())
}

/// As long as a record with two JWTs.
fn body() -> Secret {
    Secret::from("0123456789abcdef".repeat(128))
}

fn key() -> Key {
    Key::of("bench", "api.bench.example", "1")
}

fn owner() -> Owner {
    Owner::new([1; 16])
}

fn lineage(number: u64) -> Lineage {
    let mut bytes = [0; 32];
    bytes
        .iter_mut()
        .zip(number.to_be_bytes())
        .for_each(|(byte, value)| *byte = value);
    Lineage(bytes)
}
