//! A forked child. Alone in its process, since a fork copies only the thread that calls it.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the rest of the vendor is for the tests of the engine"
)]

mod acme;

use std::process::exit;
use std::thread;
use std::time::Duration;

use fork::Fork;
use token_cache::{Drained, TokenCache};
use token_core::{Generation, Rotation};
use tokio::runtime::Runtime;

use crate::acme::{Acme, Op, Setup};

/// Far more than a refresh takes: a child that waits for threads which it does not have is ended.
const PATIENCE: Duration = Duration::from_secs(20);

fn refreshed(cache: &TokenCache) -> Option<Generation> {
    let runtime = Runtime::new().unwrap();
    let refreshed = runtime.block_on(async {
        let generation = cache.token().await?.generation();
        cache.refresh_if(generation).await
    });
    Some(refreshed.ok()?.generation())
}

/// Returns 0 if the cache can still refresh and write in this process.
fn in_the_child(cache: &TokenCache, before: Generation) -> i32 {
    thread::spawn(|| {
        // tidy: sleeps because only a thread can end a child whose runtime is dead
        thread::sleep(PATIENCE);
        exit(2);
    });
    let is_newer = refreshed(cache).is_some_and(|generation| generation > before);
    let drained = Runtime::new().unwrap().block_on(cache.drain(PATIENCE));
    i32::from(!is_newer || drained != Drained::Settled)
}

/// Runs this in a forked child, which ends with 0 if it is right.
fn in_a_child(run: impl FnOnce() -> i32) {
    match fork::fork().unwrap() {
        Fork::Child => exit(run()),
        Fork::Parent(child) => {
            let status = fork::waitpid(child).unwrap();
            assert_eq!(fork::WEXITSTATUS(status), 0);
        }
    }
}

fn refreshes_in_a_child_and_here(cache: &TokenCache) {
    // The runtime of the cache has threads now, which the child will not have.
    let before = refreshed(cache).unwrap();
    in_a_child(|| in_the_child(cache, before));
    assert!(refreshed(cache).unwrap() > before);
}

// FAULTS.md row 53
#[test]
fn a_forked_child_refreshes_on_a_runtime_of_its_own() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    refreshes_in_a_child_and_here(&setup.cache());
    let given = Runtime::new().unwrap();
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache_with(|builder| builder.runtime(given.handle().clone()));
    refreshes_in_a_child_and_here(&cache);
}

// FAULTS.md row 122
#[test]
fn a_forked_child_is_another_owner_than_its_parent() {
    let setup = Setup::new(Acme::with(Rotation::Idempotent));
    let cache = setup.cache_with(|builder| builder.lease_timeout(Duration::ZERO));
    setup.store.fail([Op::Release]);
    let before = refreshed(&cache).unwrap();
    // The lease is still the parent's.
    in_a_child(|| i32::from(refreshed(&cache).is_some()));
    assert!(refreshed(&cache).unwrap() > before);
}
