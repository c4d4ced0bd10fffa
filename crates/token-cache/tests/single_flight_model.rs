//! The single flight under a model checker: every interleaving that it draws must keep the
//! promises.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test of its own; the lint only knows functions marked as tests"
)]

use std::sync::atomic::Ordering;

use shuttle::future::block_on;
use shuttle::sync::Arc;
use shuttle::thread;

/// The checker's locks in the place of the standard ones.
mod sync {
    pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}

#[path = "../src/flight/single_flight.rs"]
mod single_flight;

use single_flight::{Joined, Leader, SingleFlight};

const SCHEDULES: usize = 5_000;

/// A generation behind the checker's lock, as the engine's snapshot is behind an atomic pointer.
struct Cache {
    flight: SingleFlight<u64>,
    generation: sync::Mutex<u64>,
    exchanges: shuttle::sync::atomic::AtomicUsize,
}

impl Cache {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            flight: SingleFlight::new(),
            generation: sync::Mutex::new(0),
            exchanges: shuttle::sync::atomic::AtomicUsize::new(0),
        })
    }

    fn generation(&self) -> u64 {
        *self.generation.lock().unwrap()
    }

    /// What the cache does for a caller whose token is not fresh: decide, join, look again under
    /// the lock, wait.
    fn caller(self: &Arc<Self>, wanted: u64) -> Option<u64> {
        if self.generation() >= wanted {
            return Some(self.generation());
        }
        match self.flight.join_or_start(|| self.generation() < wanted) {
            Joined::NotNeeded => Some(self.generation()),
            Joined::Waiter(waiter, leader) => {
                let running = leader.map(|leader| self.start_refresh(leader));
                let (is_complete, published) = (waiter.is_complete(), self.generation());
                let outcome = block_on(waiter);
                // Whoever sees that a flight has its outcome finds what it published.
                assert!(!is_complete || outcome <= Some(published));
                running
                    .into_iter()
                    .for_each(|running| running.join().unwrap());
                outcome
            }
        }
    }

    fn start_refresh(self: &Arc<Self>, leader: Leader<u64>) -> thread::JoinHandle<()> {
        let cache = self.clone();
        thread::spawn(move || {
            cache.exchanges.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
            let mut generation = cache.generation.lock().unwrap();
            *generation += 1;
            let reached = *generation;
            drop(generation);
            leader.complete(reached);
        })
    }
}

#[test]
fn one_exchange_for_a_generation_however_many_callers_ask() {
    shuttle::check_random(
        || {
            let cache = Cache::new();
            let callers: Vec<_> = (0..3)
                .map(|_| {
                    let cache = cache.clone();
                    thread::spawn(move || cache.caller(1))
                })
                .collect();
            for caller in callers {
                assert_eq!(caller.join().unwrap(), Some(1));
            }
            assert_eq!(cache.exchanges.load(Ordering::SeqCst), 1);
        },
        SCHEDULES,
    );
}

#[test]
fn two_generations_take_two_exchanges_and_no_wake_up_is_lost() {
    shuttle::check_random(
        || {
            let cache = Cache::new();
            let callers: Vec<_> = (0..4)
                .map(|number| {
                    let cache = cache.clone();
                    // A caller that finds an older generation asks once more, as a task with an old
                    // token does.
                    thread::spawn(move || {
                        let wanted = 1 + number % 2;
                        while cache.caller(wanted).is_some_and(|got| got < wanted) {}
                    })
                })
                .collect();
            callers
                .into_iter()
                .for_each(|caller| caller.join().unwrap());
            assert_eq!(cache.exchanges.load(Ordering::SeqCst), 2);
            assert_eq!(cache.generation(), 2);
        },
        SCHEDULES,
    );
}

#[test]
fn no_caller_is_left_waiting_when_the_flight_breaks_off() {
    shuttle::check_random(
        || {
            let flight = Arc::new(SingleFlight::<u64>::new());
            let callers: Vec<_> = (0..3)
                .map(|_| {
                    let flight = flight.clone();
                    thread::spawn(move || match flight.join_or_start(|| true) {
                        Joined::Waiter(waiter, leader) => {
                            let crash = leader.map(|leader| thread::spawn(move || drop(leader)));
                            assert_eq!(block_on(waiter), None);
                            crash.into_iter().for_each(|crash| crash.join().unwrap());
                        }
                        Joined::NotNeeded => panic!("it was needed"),
                    })
                })
                .collect();
            callers
                .into_iter()
                .for_each(|caller| caller.join().unwrap());
            assert!(!flight.is_under_way() && flight.join().is_none());
        },
        SCHEDULES,
    );
}

/// Depth first through the schedules instead of at random.
#[test]
fn systematic_interleavings_of_two_callers_keep_the_promise() {
    shuttle::check_dfs(
        || {
            let cache = Cache::new();
            let other = {
                let cache = cache.clone();
                thread::spawn(move || cache.caller(1))
            };
            assert_eq!(cache.caller(1), Some(1));
            assert_eq!(other.join().unwrap(), Some(1));
            assert_eq!(cache.exchanges.load(Ordering::SeqCst), 1);
        },
        Some(20_000),
    );
}

/// The checker is able to fail: without the second look under the lock, two exchanges for one
/// generation are found.
#[test]
fn without_the_second_look_the_checker_finds_two_exchanges() {
    let found = std::panic::catch_unwind(|| {
        shuttle::check_random(
            || {
                let cache = Cache::new();
                let without_second_look = |cache: &Arc<Cache>| {
                    if cache.generation() >= 1 {
                        return;
                    }
                    if let Joined::Waiter(waiter, leader) = cache.flight.join_or_start(|| true) {
                        let running = leader.map(|leader| cache.start_refresh(leader));
                        block_on(waiter);
                        running
                            .into_iter()
                            .for_each(|running| running.join().unwrap());
                    }
                };
                let other = {
                    let cache = cache.clone();
                    thread::spawn(move || without_second_look(&cache))
                };
                without_second_look(&cache);
                other.join().unwrap();
                assert_eq!(cache.exchanges.load(Ordering::SeqCst), 1);
            },
            SCHEDULES,
        );
    });
    assert!(found.is_err());
}
