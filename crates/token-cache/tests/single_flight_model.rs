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

#[path = "../src/single_flight.rs"]
mod single_flight;

use single_flight::{Boarding, Pilot, SingleFlight};

const SCHEDULES: usize = 5_000;

/// A generation behind the checker's lock, as the engine's snapshot is behind an atomic pointer.
struct World {
    flight: SingleFlight<u64>,
    generation: sync::Mutex<u64>,
    exchanges: shuttle::sync::atomic::AtomicUsize,
}

impl World {
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

    /// What the engine does for a caller whose token is not fresh: decide, board, look again under
    /// the lock, wait.
    fn caller(self: &Arc<Self>, wanted: u64) -> Option<u64> {
        if self.generation() >= wanted {
            return Some(self.generation());
        }
        match self.flight.board(|| self.generation() < wanted) {
            Boarding::NotNeeded => Some(self.generation()),
            Boarding::Passenger(passenger, pilot) => {
                let flying = pilot.map(|pilot| self.take_off(pilot));
                let outcome = block_on(passenger);
                flying.into_iter().for_each(|flying| flying.join().unwrap());
                outcome
            }
        }
    }

    fn take_off(self: &Arc<Self>, pilot: Pilot<u64>) -> thread::JoinHandle<()> {
        let world = self.clone();
        thread::spawn(move || {
            world.exchanges.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
            let mut generation = world.generation.lock().unwrap();
            *generation += 1;
            let reached = *generation;
            drop(generation);
            pilot.land(reached);
        })
    }
}

#[test]
fn one_exchange_for_a_generation_however_many_callers_ask() {
    shuttle::check_random(
        || {
            let world = World::new();
            let callers: Vec<_> = (0..3)
                .map(|_| {
                    let world = world.clone();
                    thread::spawn(move || world.caller(1))
                })
                .collect();
            for caller in callers {
                assert_eq!(caller.join().unwrap(), Some(1));
            }
            assert_eq!(world.exchanges.load(Ordering::SeqCst), 1);
        },
        SCHEDULES,
    );
}

#[test]
fn two_generations_take_two_exchanges_and_no_wake_up_is_lost() {
    shuttle::check_random(
        || {
            let world = World::new();
            let callers: Vec<_> = (0..4)
                .map(|number| {
                    let world = world.clone();
                    // A caller that finds an older generation asks once more, as a task with an old
                    // token does.
                    thread::spawn(move || {
                        let wanted = 1 + number % 2;
                        while world.caller(wanted).is_some_and(|got| got < wanted) {}
                    })
                })
                .collect();
            callers
                .into_iter()
                .for_each(|caller| caller.join().unwrap());
            assert_eq!(world.exchanges.load(Ordering::SeqCst), 2);
            assert_eq!(world.generation(), 2);
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
                    thread::spawn(move || match flight.board(|| true) {
                        Boarding::Passenger(passenger, pilot) => {
                            let crash = pilot.map(|pilot| thread::spawn(move || drop(pilot)));
                            assert_eq!(block_on(passenger), None);
                            crash.into_iter().for_each(|crash| crash.join().unwrap());
                        }
                        Boarding::NotNeeded => panic!("it was needed"),
                    })
                })
                .collect();
            callers
                .into_iter()
                .for_each(|caller| caller.join().unwrap());
            assert!(flight.under_way().is_none());
        },
        SCHEDULES,
    );
}

/// Depth first through the schedules instead of at random.
#[test]
fn systematic_interleavings_of_two_callers_keep_the_promise() {
    shuttle::check_dfs(
        || {
            let world = World::new();
            let other = {
                let world = world.clone();
                thread::spawn(move || world.caller(1))
            };
            assert_eq!(world.caller(1), Some(1));
            assert_eq!(other.join().unwrap(), Some(1));
            assert_eq!(world.exchanges.load(Ordering::SeqCst), 1);
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
                let world = World::new();
                let careless = |world: &Arc<World>| {
                    if world.generation() >= 1 {
                        return;
                    }
                    if let Boarding::Passenger(passenger, pilot) = world.flight.board(|| true) {
                        let flying = pilot.map(|pilot| world.take_off(pilot));
                        block_on(passenger);
                        flying.into_iter().for_each(|flying| flying.join().unwrap());
                    }
                };
                let other = {
                    let world = world.clone();
                    thread::spawn(move || careless(&world))
                };
                careless(&world);
                other.join().unwrap();
                assert_eq!(world.exchanges.load(Ordering::SeqCst), 1);
            },
            SCHEDULES,
        );
    });
    assert!(found.is_err());
}
