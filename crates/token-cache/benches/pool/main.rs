//! What an account of a pool costs, from a thousand to a million of them: memory, a fresh token, and
//! being kept fresh, in one run.
//!
//! ```sh
//! cargo bench -p token-cache --bench pool
//! ```
//!
//! `token` is the best of batches over random accounts, and is compared with a get from a sharded
//! table of the same size, whose tokens were replaced once. Memory is what is requested of the allocator beyond the texts of access
//! and refresh token; the store keeps nothing.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::indexing_slicing, reason = "indices are made to fit")]

mod nowhere;

use std::collections::HashMap;
use std::fs;
use std::future::Future;
use std::hash::BuildHasher;
use std::hint::black_box;
use std::pin::pin;
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hashbrown::DefaultHashBuilder;
use token_cache::TokenPool;
use token_core::reexports::http::{Request as HttpRequest, Response};
use token_core::reexports::{Bytes, async_trait};
use token_core::{
    Answer, Attempt, BaseUrl, Error, HttpClient, Outcome, PlainHttp, Request, Rotation, Secret,
    SendError, Step, Token, TokenEndpoint, TokenKey, Validity,
};
use tokio::runtime::Builder;

use self::nowhere::Nowhere;

/// An access token of one kibibyte, and its refresh token.
const ACCESS: usize = 1_024;
const REFRESH: usize = 32;
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const BATCH: usize = 10_000;
const BATCHES: usize = 60;
const IDLE: Duration = Duration::from_secs(5);

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    println!(
        "{:>9} {:>12} {:>9} {:>10} {:>9} {:>7} {:>8} {:>8} {:>9}",
        "accounts", "first token", "bytes", "token", "table", "ratio", "2 thr.", "table", "idle"
    );
    for size in SIZES {
        let accounts: Vec<String> = (0..size)
            .map(|number| format!("customer-{number}"))
            .collect();
        let pool = pool(runtime.handle().clone());
        drop(pool.keep_fresh());
        let began = Instant::now();
        let counted = allocation_counter::measure(|| {
            runtime.block_on(async {
                for account in &accounts {
                    drop(pool.token(account).await.unwrap());
                }
            });
        });
        let filled = began.elapsed();
        let bytes = usize::try_from(counted.bytes_current).unwrap() / size;
        let table = Table::of(&accounts);
        let order = shuffled(size);
        let account = |at: usize| accounts[order[at % size]].as_str();
        let by_pool = best(|at| drop(black_box(ready(pool.token(account(at))).unwrap())));
        let by_table = best(|at| drop(black_box(table.get(account(at)).unwrap())));
        let ask = |at: usize| drop(black_box(ready(pool.token(account(at))).unwrap()));
        let look = |at: usize| drop(black_box(table.get(account(at)).unwrap()));
        let (by_two, by_two_in_table) = (two_threads(&ask), two_threads(&look));
        let idle = idle_share(&runtime);
        println!(
            "{size:>9} {:>9.2} µs {:>9} {:>7.1} ns {:>6.1} ns {:>7.2} {:>6.2} x {:>6.2} x {:>7.3} %",
            filled.as_secs_f64() * 1e6 / count(size),
            bytes - ACCESS - REFRESH,
            by_pool,
            by_table,
            by_pool / by_table,
            by_two,
            by_two_in_table,
            idle * 100.0,
        );
    }
}

type Shard = RwLock<HashMap<Arc<str>, Arc<str>, DefaultHashBuilder>>;

/// A table in shards, as somebody would write it who has only tokens to look up.
struct Table {
    shards: Vec<Shard>,
    hasher: DefaultHashBuilder,
}

impl Table {
    fn of(accounts: &[String]) -> Self {
        let hasher = DefaultHashBuilder::default();
        let shards = (0..128)
            .map(|_| RwLock::new(HashMap::with_hasher(hasher.clone())))
            .collect();
        let table = Self { shards, hasher };
        let insert = |account: &str| {
            let token: Arc<str> = "A".repeat(ACCESS).into();
            let mut shard = table.shard(account).write().unwrap();
            match shard.get_mut(account) {
                Some(place) => *place = token,
                None => _ = shard.insert(account.into(), token),
            }
        };
        // Each token is replaced once, as by a refresh: it is then no neighbour of its key.
        accounts.iter().for_each(|account| insert(account));
        let order = shuffled(accounts.len());
        order.iter().for_each(|number| insert(&accounts[*number]));
        table
    }

    fn shard(&self, account: &str) -> &Shard {
        let hash = self.hasher.hash_one(account) >> 40;
        &self.shards[usize::try_from(hash).unwrap() % self.shards.len()]
    }

    fn get(&self, account: &str) -> Option<Arc<str>> {
        self.shard(account).read().unwrap().get(account).cloned()
    }
}

/// Nanoseconds of a call, by the best batch.
fn best(mut call: impl FnMut(usize)) -> f64 {
    let mut best = f64::MAX;
    for batch in 0..BATCHES {
        let began = Instant::now();
        (batch * BATCH..(batch + 1) * BATCH).for_each(&mut call);
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / count(BATCH));
    }
    best
}

/// How many calls two threads make in the time in which one makes one.
fn two_threads(call: &(dyn Fn(usize) + Sync)) -> f64 {
    let rate = |threads: usize| {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    let first = thread * BATCHES * BATCH;
                    (first..first + BATCHES * BATCH).for_each(call);
                });
            }
        });
        count(threads) / began.elapsed().as_secs_f64()
    };
    let rates = [1, 2].map(|threads| (0..3).map(|_| rate(threads)).fold(0.0, f64::max));
    rates[1] / rates[0]
}

/// The share of a core that the pool takes while nothing is due.
fn idle_share(runtime: &tokio::runtime::Runtime) -> f64 {
    let before = cpu_ticks();
    // tidy: sleeps because it measures what happens while nothing is to be done.
    runtime.block_on(async { tokio::time::sleep(IDLE).await });
    // The kernel counts hundredths of a second.
    count(cpu_ticks() - before) / 100.0 / IDLE.as_secs_f64()
}

fn cpu_ticks() -> usize {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<usize>().unwrap() + fields[12].parse::<usize>().unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}

/// All numbers below `size`, in an order that no cache foresees.
fn shuffled(size: usize) -> Vec<usize> {
    let hasher = DefaultHashBuilder::default();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by_cached_key(|number| hasher.hash_one(number));
    order
}

/// A future that is ready at once, as that of a fresh token is.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a fresh token waits for nothing"),
    }
}

fn pool(runtime: tokio::runtime::Handle) -> TokenPool {
    TokenPool::builder(|account| Ok(Customer(account.into())))
        .http_client(Vendor)
        .store(Nowhere)
        .runtime(runtime)
        .max_in_memory(2_000_000)
        .build()
        .unwrap()
}

#[derive(Debug)]
struct Customer(Box<str>);

impl TokenEndpoint for Customer {
    fn key(&self) -> TokenKey {
        TokenKey::of("bench", "nowhere", &self.0)
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _: &Attempt) -> Option<Result<Request, Error>> {
        let base = BaseUrl::parse("https://nowhere.example", PlainHttp::Refused).unwrap();
        Some(Request::post(&base, "/login").build(Step::Login))
    }

    fn refresh(&self, _: &Token, _: &Attempt) -> Result<Request, Error> {
        unreachable!("nothing is due")
    }

    fn read(&self, _: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error> {
        let now = attempt.now();
        let validity = Validity::new(now, now.after(Duration::from_secs(7_200)));
        let token = Token::builder(Secret::from("A".repeat(ACCESS)), validity);
        let token = token.refresh(Secret::from("R".repeat(REFRESH)));
        token.build().map(Outcome::Issued)
    }
}

#[derive(Debug)]
struct Vendor;

#[async_trait]
impl HttpClient for Vendor {
    async fn send(&self, _: HttpRequest<Bytes>, _: Duration) -> Result<Response<Bytes>, SendError> {
        Ok(Response::new(Bytes::new()))
    }
}
