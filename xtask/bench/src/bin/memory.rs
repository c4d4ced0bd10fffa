//! Counts bytes and allocations of each crate, and prints them as JSON.

use std::alloc::System;

use bench::peer::{Call, Candidate, Entry, Error};
use bench::peers;
use bench::rows::memory::{COLUMNS, INSTANCES};
use bench::setting::{self, Setting};
use serde_json::{Map, Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CALLS: u32 = 1_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Error> {
    let setting = Setting::from_environment()?;
    setting::choose_cryptography();
    let mut counted = Map::new();
    for entry in peers::real() {
        counted.insert(entry.about.name.to_owned(), count(&entry, &setting).await?);
    }
    println!("{}", Value::Object(counted));
    Ok(())
}

async fn count(entry: &Entry, setting: &Setting) -> Result<Value, Error> {
    let mut kept = Vec::with_capacity(INSTANCES + 2);
    for _ in 0..2 {
        kept.push(entry.build(setting).await?);
        kept[kept.len() - 1].header().await?;
    }
    setting.server.take_count();
    let region = Region::new(ALLOCATOR);
    for _ in 0..INSTANCES {
        kept.push(entry.build(setting).await?);
    }
    let before = bytes(&region);
    let is_early = setting.server.take_count() > 0;
    for candidate in &kept {
        candidate.header().await?;
    }
    settle().await;
    let after = bytes(&region);
    let first = kept[0].clone();
    let allocations = tokio::task::spawn_blocking(move || allocations(&*first)).await?;
    let before = if is_early { Value::Null } else { json!(before) };
    Ok(json!({
        COLUMNS[0]: before,
        COLUMNS[1]: after,
        COLUMNS[2]: allocations[0],
        COLUMNS[3]: allocations[1],
    }))
}

/// Returns those of a token, and of a header. It has a thread of its own: a task must pause at
/// times, and would pause in the midst of a call.
fn allocations(candidate: &dyn Candidate) -> [f64; 2] {
    [Call::Token, Call::Header].map(|call| {
        candidate.batch(call, CALLS); // what a thread allocates once
        let region = Region::new(ALLOCATOR);
        candidate.batch(call, CALLS);
        (region.change().allocations as f64 / f64::from(CALLS)).round()
    })
}

/// Connections that are not kept end after the answer.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
}

fn bytes(region: &Region<'_, System>) -> f64 {
    let change = region.change();
    let held = change.bytes_allocated as f64 - change.bytes_deallocated as f64;
    held / INSTANCES as f64
}
