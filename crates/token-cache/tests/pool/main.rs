//! A pool against a vendor with many customers, in paused time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod asking;
mod at_work;
mod background;
mod beginning;
mod customer;
mod deployments;
mod doubts;
mod drained;
mod eviction;
mod forgetting;
mod health;
mod limits;
mod measured;
mod mistakes;
mod panics;
mod passed_over;
#[path = "../engine/program_log.rs"]
mod program_log;
mod refused;
mod shares;
mod store;
mod told;
mod turns;
mod vendor;

use std::time::Duration;

use tokio::time::advance;

/// Lets this much time pass, in steps in which tasks run.
pub(crate) async fn pass(span: Duration) {
    let mut left = span;
    while !left.is_zero() {
        let step = left.min(Duration::from_millis(500));
        advance(step).await;
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        left -= step;
    }
}
