//! Measures the time from the vendor's answer to the durable record, for each store, as a ratio to
//! one write with `fsync` on the same disk.
//!
//! The clock starts when the HTTP client has the complete answer and stops when the store has
//! acknowledged the record, so it includes parsing, sealing and the engine's own work.
//!
//! ```sh
//! cargo bench -p vendor-auth --all-features --bench durable
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

#[path = "../../token-file/benches/fsync/mod.rs"]
mod fsync;

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use local_servers::{Postgres, Redis};
use vendor_auth::cache::{Drained, Event, Events};
use vendor_auth::oauth2::OAuth2;
use vendor_auth::sealing::{Sealing, SealingKey};
use vendor_auth::types::{HttpClient, SendError, TokenStore};
use vendor_auth::{FileStore, PostgresStore, RedisStore, Secret, Token, TokenCache};

use fsync::{median, write_with_fsync};

const REFRESHES: u32 = 300;
/// As long as a JWT with a few claims.
const TOKEN_LENGTH: usize = 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("durable-bench");
    _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    let redis = Redis::with().append_only().start().unwrap();
    let forgetful = Redis::start().unwrap();
    let postgres = Postgres::start().unwrap();
    let tables = PostgresStore::builder(sealing())
        .url(postgres.url())
        .build()
        .unwrap();
    tables.migrate().await.unwrap();
    let mut measured = [
        Measured::new("file", FileStore::at(directory.join("tokens"))).await,
        Measured::new("Redis, appendfsync always", opened(&redis).await).await,
        Measured::new("Redis, in memory", opened(&forgetful).await).await,
        Measured::new("PostgreSQL", tables).await,
    ];
    let mut writes = Vec::new();
    let mut plain = File::create(directory.join("plain")).unwrap();
    let content = "x".repeat(2 * TOKEN_LENGTH);
    // All take turns, so that other load on the machine slows all of them.
    for _ in 0..REFRESHES {
        writes.push(write_with_fsync(&mut plain, &content));
        for store in &mut measured {
            store.refresh().await;
        }
    }
    let write = median(writes);
    println!("medians of {REFRESHES} refreshes, from the vendor's answer to the durable record\n");
    println!("{:<28}{write:>9.1?}", "one write with fsync");
    for store in measured {
        let durable = median(store.times);
        let ratio = durable.as_secs_f64() / write.as_secs_f64();
        println!("{:<28}{durable:>9.1?}  ×{ratio:.2}", store.name);
    }
    _ = std::fs::remove_dir_all(directory);
}

struct Measured {
    name: &'static str,
    cache: TokenCache,
    events: Events,
    answered: Arc<Mutex<Option<Instant>>>,
    times: Vec<Duration>,
}

impl Measured {
    async fn new(name: &'static str, store: impl TokenStore + 'static) -> Self {
        let answered = Arc::<Mutex<Option<Instant>>>::default();
        let cache = TokenCache::builder(endpoint())
            .http_client(Answering {
                answered: Arc::clone(&answered),
                ..Answering::default()
            })
            .store(store)
            .initial_token(Token::from_refresh_token(Secret::from("first")).unwrap())
            .build()
            .unwrap();
        let mut events = cache.events();
        cache.token().await.unwrap();
        persisted(&mut events).await;
        let times = Vec::new();
        Self {
            name,
            cache,
            events,
            answered,
            times,
        }
    }

    async fn refresh(&mut self) {
        let generation = self.cache.current().unwrap().generation();
        let (refreshed, durable) = tokio::join!(
            self.cache.refresh_if(generation),
            persisted(&mut self.events)
        );
        refreshed.unwrap();
        let answered = self.answered.lock().unwrap().take().unwrap();
        self.times.push(durable - answered);
        // The lease is released after the commit, and the next refresh waits for that.
        let drained = self.cache.drain(Duration::from_secs(30)).await;
        assert_eq!(drained, Drained::Settled);
    }
}

async fn persisted(events: &mut Events) -> Instant {
    loop {
        if matches!(events.next().await, Some(Event::Persisted { .. })) {
            return Instant::now();
        }
    }
}

/// A vendor that answers at once.
#[derive(Debug, Default)]
struct Answering {
    issued: AtomicU32,
    /// When the last answer was complete.
    answered: Arc<Mutex<Option<Instant>>>,
}

#[async_trait]
impl HttpClient for Answering {
    async fn send(
        &self,
        _: http::Request<Bytes>,
        _: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            r#"{{"access_token":"a{number:0>TOKEN_LENGTH$}","refresh_token":"r{number:0>TOKEN_LENGTH$}","token_type":"Bearer","expires_in":7200}}"#
        );
        let answer = http::Response::builder().header("content-type", "application/json");
        let answer = answer.body(body.into()).unwrap();
        *self.answered.lock().unwrap() = Some(Instant::now());
        Ok(answer)
    }
}

fn endpoint() -> OAuth2 {
    OAuth2::builder("https://auth.bench.example")
        .token_path("/token")
        .client_id("bench")
        .client_secret("s3cr3t")
        .account("bench")
        .build()
        .unwrap()
}

fn sealing() -> Sealing {
    Sealing::with(SealingKey::new("bench", [7; 32]).unwrap())
}

async fn opened(redis: &Redis) -> RedisStore {
    RedisStore::connect(&redis.url(), sealing()).await.unwrap()
}
