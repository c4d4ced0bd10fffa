//! The index of what is due: written after each commit, checked when it is read, repaired by a
//! scan.

use std::collections::HashSet;
use std::time::Duration;

use local_servers::Redis;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Committed, Due, Record};
use token_core::{Timestamp, TokenKey, TokenStore};
use token_redis::{RedisStore, Servers};

use crate::setup::{builder, key, record, sealing, store};

const NONE: [Due; 0] = [];

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

async fn commit(store: &RedisStore, key: &TokenKey, millis: i64) {
    let record = Record {
        due_at: Some(at(millis)),
        ..record(1)
    };
    let committed = store.commit(key, &Overwrite, &record).await;
    assert_eq!(committed.unwrap(), Committed::Stored);
}

async fn due(store: &RedisStore) -> Vec<Due> {
    let page = store.due(Timestamp::MAX, 100, None).await.unwrap();
    assert_eq!(page.next, None);
    page.due
}

/// Returns the names of the sorted sets.
fn sets(redis: &Redis) -> Vec<String> {
    let names = redis.command(&["KEYS", "*due *"]).unwrap();
    let names = names.lines().filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Removes the index, as if each process had died before it wrote to it.
fn lose_the_index(redis: &Redis) {
    for set in sets(redis) {
        redis.command(&["DEL", &set]).unwrap();
    }
}

/// Puts records without an index on the server, of which 10 are due at the same time.
fn fill(redis: &Redis, count: u32) {
    let script = "for number = 1, tonumber(ARGV[1]) do
        redis.call('HSET', 'tokens:acme/' .. number, 'due_at', math.floor(number / 10)) end";
    let script = ["EVAL", script, "0", &count.to_string()];
    redis.command(&script).unwrap();
}

#[tokio::test]
async fn the_index_has_one_entry_for_each_key_in_several_sets() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    for number in 0..64 {
        let key = TokenKey::of("acme", "host", &number.to_string());
        for millis in [1, 2] {
            commit(&store, &key, millis).await;
        }
    }
    let sets = sets(&redis);
    assert!(sets.len() > 8, "{sets:?}");
    let sizes = sets
        .iter()
        .map(|set| redis.command(&["ZCARD", set]).unwrap());
    let sizes = sizes.map(|size| size.trim().parse::<u32>().unwrap());
    assert_eq!(sizes.sum::<u32>(), 64);
}

#[tokio::test]
async fn a_lost_entry_is_repaired_by_a_scan() {
    let cluster = Redis::with().cluster().start().unwrap();
    let node = Redis::start().unwrap();
    let on_cluster = RedisStore::builder(Servers::cluster([cluster.url()]), sealing());
    for (redis, builder) in [(&node, builder(&node)), (&cluster, on_cluster)] {
        let store = builder.connect().await.unwrap();
        commit(&store, &key(), 7).await;
        store
            .commit(&TokenKey::of("never", "due", ""), &Overwrite, &record(1))
            .await
            .unwrap();
        assert_eq!(store.repair_due_index().await.unwrap(), 0);
        lose_the_index(redis);
        assert_eq!(due(&store).await, NONE);
        assert_eq!(store.repair_due_index().await.unwrap(), 1);
        assert_eq!(due(&store).await, [Due::new(key(), at(7))]);
    }
}

#[tokio::test]
async fn a_repair_leaves_other_prefixes_alone() {
    let redis = Redis::start().unwrap();
    let odd = builder(&redis).prefix(r"a*[b]?\:");
    let odd = odd.connect().await.unwrap();
    let other = builder(&redis).prefix(r"aXb?\:").connect().await.unwrap();
    commit(&odd, &key(), 7).await;
    commit(&other, &key(), 7).await;
    lose_the_index(&redis);
    assert_eq!(odd.repair_due_index().await.unwrap(), 1);
    assert_eq!(due(&odd).await, [Due::new(key(), at(7))]);
    assert_eq!(due(&other).await, NONE);
}

#[tokio::test]
async fn an_entry_that_is_too_early_is_corrected_when_it_is_read() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    commit(&store, &key(), 7).await;
    let [set] = &*sets(&redis) else {
        panic!("one key is in several sets");
    };
    redis.command(&["ZADD", set, "3", key().as_str()]).unwrap();
    let page = store.due(at(4), 10, None).await.unwrap();
    assert_eq!(page.due, NONE);
    assert_eq!(due(&store).await, [Due::new(key(), at(7))]);
}

#[tokio::test]
async fn an_entry_without_a_record_is_removed_when_it_is_read() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    commit(&store, &key(), 7).await;
    let [set] = &*sets(&redis) else {
        panic!("one key is in several sets");
    };
    redis.command(&["SET", "tokens:foreign", "a text"]).unwrap();
    redis
        .command(&["HSET", "tokens:odd", "due_at", "noon"])
        .unwrap();
    for name in ["foreign", "odd", "not a key"] {
        redis.command(&["ZADD", set, "3", name]).unwrap();
    }
    assert_eq!(due(&store).await, [Due::new(key(), at(7))]);
    store.tombstone(&key()).await.unwrap();
    assert_eq!(due(&store).await, NONE);
    assert_eq!(sets(&redis), [""; 0]);
}

#[tokio::test]
async fn a_sweep_finds_each_of_20_000_records_once() {
    const RECORDS: u32 = 20_000;
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    fill(&redis, RECORDS);
    let repaired = store.repair_due_index().await.unwrap();
    assert_eq!(repaired, u64::from(RECORDS));
    let (mut found, mut after, mut pages) = (HashSet::new(), None, 0);
    loop {
        let page = store.due(Timestamp::MAX, 1000, after.as_ref()).await;
        let page = page.unwrap();
        for due in page.due {
            assert!(found.insert(due.key.clone()), "{due:?} comes twice");
        }
        pages += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(found.len(), RECORDS as usize);
    assert!(pages <= 30, "{pages} pages of up to 1000");
}

#[tokio::test]
async fn without_the_index_a_commit_is_stored_and_a_sweep_is_an_error() {
    let redis = Redis::start().unwrap();
    let user = [
        "ACL", "SETUSER", "tokens", "on", ">pass", "~*", "&*", "+@all", "-zadd", "-zcount",
    ];
    redis.command(&user).unwrap();
    let url = redis.url().replace("redis://", "redis://tokens:pass@");
    let store = RedisStore::connect(&url, sealing()).await.unwrap();
    commit(&store, &key(), 7).await;
    assert!(store.load(&key()).await.unwrap().record.is_some());
    let error = store.due(Timestamp::MAX, 1, None).await.unwrap_err();
    assert!(
        error.to_string().contains("Redis refused a script"),
        "{error}"
    );
    assert!(!error.is_unsupported());
    redis
        .command(&["ACL", "SETUSER", "tokens", "-scan"])
        .unwrap();
    let error = store.repair_due_index().await.unwrap_err().to_string();
    assert!(error.contains("SCAN"), "{error}");
}

#[tokio::test]
async fn a_replica_lists_what_is_due_and_corrects_nothing() {
    let primary = Redis::start().unwrap();
    let replica = Redis::with().replica_of(&primary).start().unwrap();
    let writer = store(&primary).await;
    commit(&writer, &key(), 7).await;
    for set in sets(&primary) {
        redis_add(&primary, &set, "gone");
    }
    let waited = primary.command(&["WAIT", "1", "30000"]).unwrap();
    assert_eq!(waited.trim(), "1");
    let reader = builder(&replica).timeout(Duration::from_secs(10));
    let reader = reader.connect().await.unwrap();
    for _ in 0..2 {
        assert_eq!(due(&reader).await, [Due::new(key(), at(7))]);
    }
}

fn redis_add(redis: &Redis, set: &str, name: &str) {
    redis.command(&["ZADD", set, "3", name]).unwrap();
}
