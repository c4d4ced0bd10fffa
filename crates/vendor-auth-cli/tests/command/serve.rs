//! `vendor-auth serve`.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test panics if an answer is another than expected"
)]

mod browser;
mod crowd;
mod endings;
mod files;
mod guards;
mod http;
mod pools;
mod process;
mod programs;
mod refusals;
mod sharing;
mod tokens;
