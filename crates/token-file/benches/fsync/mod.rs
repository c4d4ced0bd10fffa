//! What benchmarks of durable writes are compared with: one write with `fsync` on the same disk.

use std::fs::File;
use std::io::{Seek, Write};
use std::time::{Duration, Instant};

pub(crate) fn write_with_fsync(file: &mut File, content: &str) -> Duration {
    let began = Instant::now();
    file.rewind().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file.sync_all().unwrap();
    began.elapsed()
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap()
}
