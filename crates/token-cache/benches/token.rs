//! What a fresh token costs, against what people write by hand, in one run.
//!
//! ```sh
//! cargo bench -p token-cache
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(
    clippy::semicolon_if_nothing_returned,
    clippy::indexing_slicing,
    reason = "a table of candidates reads better so"
)]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::{Arc, Barrier, Mutex, RwLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use token_cache::{SystemClock, TokenCache};
use token_core::{
    Answer, Attempt, Clock, Error, Freshness, Outcome, Request, Rotation, Secret, Timestamp, Token,
    TokenEndpoint, TokenKey, Validity,
};
use token_testkit::ScriptedClient;
use tokio::runtime::Builder;

/// How long each candidate runs on each number of threads, a few times over; the best run counts.
const RUN: Duration = Duration::from_millis(300);
const RUNS: u32 = 5;

fn main() {
    let cache = cache();
    let by_rw_lock = RwLock::new(Arc::new(token()));
    let by_mutex = Mutex::new(Arc::new(token()));
    let by_tokio = tokio::sync::RwLock::new(token());
    let swap = ArcSwap::from_pointee(token());
    let candidates: [(&str, &(dyn Fn() + Sync)); 9] = [
        ("TokenCache::token", &|| {
            drop(black_box(ready(cache.token()).unwrap()))
        }),
        ("TokenCache::token to a header", &|| {
            let token = ready(cache.token()).unwrap();
            drop(black_box(token.header().map(|(_, value)| value.clone())))
        }),
        ("one look at the clock alone", &|| {
            _ = black_box(SystemClock.now());
        }),
        ("a bare ArcSwap guard, no clock", &|| {
            drop(black_box(swap.load()))
        }),
        ("ArcSwap::load_full (count), clock", &|| {
            drop(fresh(swap.load_full()))
        }),
        ("RwLock<Arc<Token>>, clock", &|| {
            drop(fresh(by_rw_lock.read().unwrap().clone()))
        }),
        ("Mutex<Arc<Token>>, clock", &|| {
            drop(fresh(by_mutex.lock().unwrap().clone()))
        }),
        ("tokio RwLock, header cloned, clock", &|| {
            drop(cloned_header(&ready(by_tokio.read())))
        }),
        ("tokio RwLock, Token cloned, clock", &|| {
            drop(fresh(Box::new(ready(by_tokio.read()).clone())))
        }),
    ];
    println!("a fresh token, calls a second (and as a share of the first row)\n");
    println!("{:<36} {:>22} {:>22}", "", "1 thread", "2 threads");
    let mut first = None;
    for (name, call) in candidates {
        let rates = [1, 2].map(|threads| best_rate(threads, call));
        let base = *first.get_or_insert(rates);
        let shown = |at: usize| {
            format!(
                "{:8.1} M/s  ×{:<6.2}",
                rates[at] / 1e6,
                rates[at] / base[at]
            )
        };
        println!("{name:<36} {:>22} {:>22}", shown(0), shown(1));
    }
}

/// What everybody must do who hands a token out: look whether it is still good.
fn fresh<T: std::ops::Deref<Target = Token>>(token: T) -> Option<T> {
    (token.validity().at(SystemClock.now().wall) == Freshness::Fresh).then_some(token)
}

fn cloned_header(token: &Token) -> Option<http::HeaderMap> {
    (token.validity().at(SystemClock.now().wall) == Freshness::Fresh)
        .then(|| black_box(token.headers()))
}

fn best_rate(threads: usize, call: &(dyn Fn() + Sync)) -> f64 {
    (0..RUNS).map(|_| rate(threads, call)).fold(0.0, f64::max)
}

fn rate(threads: usize, call: &(dyn Fn() + Sync)) -> f64 {
    let start = Barrier::new(threads);
    let calls: f64 = thread::scope(|scope| {
        let runners: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| run(&start, call)))
            .collect();
        runners
            .into_iter()
            .map(|runner| runner.join().unwrap())
            .sum()
    });
    calls
}

/// Calls a second of one thread.
fn run(start: &Barrier, call: &(dyn Fn() + Sync)) -> f64 {
    start.wait();
    let began = Instant::now();
    let mut calls = 0_u32;
    while began.elapsed() < RUN {
        (0..1_000).for_each(|_| call());
        calls += 1_000;
    }
    f64::from(calls) / began.elapsed().as_secs_f64()
}

/// A future that is ready at once, as that of a fresh token is.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a fresh token waits for nothing"),
    }
}

fn token() -> Token {
    let now = SystemClock.now().wall;
    let validity = Validity::new(now, now.after(Duration::from_secs(7200)));
    Token::builder(Secret::from("eyJhbGciOiJIUzI1NiJ9.e30.x"), validity)
        .refresh(Secret::from("R1"))
        .build()
        .unwrap()
}

/// A cache whose first caller has come: that one finds that the store has no other token.
fn cache() -> TokenCache {
    let cache = TokenCache::builder(Nothing)
        .http_client(ScriptedClient::new())
        .initial_token(token())
        .build()
        .unwrap();
    let runtime = Builder::new_current_thread().build().unwrap();
    drop(runtime.block_on(cache.token()).unwrap());
    cache
}

/// A vendor that is never asked.
#[derive(Debug)]
struct Nothing;

impl TokenEndpoint for Nothing {
    fn key(&self) -> TokenKey {
        TokenKey::of("bench", "nowhere", "nobody")
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, _token: &Token, attempt: &Attempt) -> Result<Request, Error> {
        unreachable!("asked at {:?}", attempt.now().max(Timestamp::MIN))
    }

    fn read(&self, _answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        unreachable!("nothing was asked")
    }
}
