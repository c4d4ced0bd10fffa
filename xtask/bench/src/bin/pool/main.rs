//! Measures pools of growing size, and prints JSON. It has an allocator of its own, which counts.
//!
//! `token` is the best of batches over random accounts, and is compared with a get from a sharded
//! table of the same size, whose tokens were replaced once. Memory is what is requested of the
//! allocator beyond the texts of access and refresh token; the store keeps nothing.

mod nowhere;

use std::alloc::System;
use std::collections::HashMap;
use std::fs;
use std::future::Future;
use std::hash::BuildHasher;
use std::hint::black_box;
use std::pin::pin;
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bench::rows::pool::{COLUMNS, SIZES};
use hashbrown::DefaultHashBuilder;
use oauth2_refresh::token_core::reexports::http::{Request as HttpRequest, Response};
use oauth2_refresh::token_core::reexports::{Bytes, async_trait};
use oauth2_refresh::token_core::{
    Answer, Attempt, BaseUrl, Error, HttpClient, Outcome, PlainHttp, Request, Rotation, Secret,
    SendError, Step, Token, TokenEndpoint, TokenKey, Validity,
};
use serde_json::{Map, Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use token_cache::TokenPool;
use tokio::runtime::Builder;

use self::nowhere::Nowhere;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// An access token of one kibibyte, and its refresh token.
const ACCESS: usize = 1_024;
const REFRESH: usize = 32;
const BATCH: usize = 10_000;
const BATCHES: usize = 60;
const IDLE: Duration = Duration::from_secs(5);

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let measured = SIZES.map(|size| measure(&runtime, size));
    println!("{}", Value::from(measured.to_vec()));
}

fn measure(runtime: &tokio::runtime::Runtime, size: usize) -> Map<String, Value> {
    let accounts: Vec<String> = (0..size)
        .map(|number| format!("customer-{number}"))
        .collect();
    let pool = pool(runtime.handle().clone());
    drop(pool.keep_fresh());
    let region = Region::new(ALLOCATOR);
    let began = Instant::now();
    runtime.block_on(async {
        for account in &accounts {
            drop(pool.token(account).await.unwrap());
        }
    });
    let filled = began.elapsed();
    let change = region.change();
    let bytes = (change.bytes_allocated - change.bytes_deallocated) / size;
    let table = Table::of(&accounts);
    let order = shuffled(size);
    let account = |at: usize| accounts[order[at % size]].as_str();
    let by_pool = best(|at| drop(black_box(ready(pool.token(account(at))).unwrap())));
    let by_table = best(|at| drop(black_box(table.get(account(at)).unwrap())));
    let ask = |at: usize| drop(black_box(ready(pool.token(account(at))).unwrap()));
    let measured = [
        json!(bytes - ACCESS - REFRESH),
        json!(filled.as_secs_f64() * 1e6 / size as f64),
        json!(by_pool),
        json!(by_table),
        json!(by_pool / by_table),
        json!(two_threads(&ask)),
        json!(idle_share(runtime) * 100.0),
    ];
    let names = COLUMNS.map(|(name, _)| name.to_owned());
    names.into_iter().zip(measured).collect()
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
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / BATCH as f64);
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
        threads as f64 / began.elapsed().as_secs_f64()
    };
    let rates = [1, 2].map(|threads| (0..3).map(|_| rate(threads)).fold(0.0, f64::max));
    rates[1] / rates[0]
}

/// The share of a core that the pool takes while nothing is due.
fn idle_share(runtime: &tokio::runtime::Runtime) -> f64 {
    let before = cpu_ticks();
    runtime.block_on(async { tokio::time::sleep(IDLE).await });
    // The kernel counts hundredths of a second.
    (cpu_ticks() - before) as f64 / 100.0 / IDLE.as_secs_f64()
}

fn cpu_ticks() -> usize {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<usize>().unwrap() + fields[12].parse::<usize>().unwrap()
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
