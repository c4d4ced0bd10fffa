//! The cost of scrubbing three secrets of 4 KB from a text of 1 KB, relative to copying those
//! secrets.
//!
//! ```sh
//! cargo bench -p token-core
//! ```

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use token_core::{Scrubber, Secret};

const SECRET: usize = 4096;
const TEXT: usize = 1024;
const RUNS: u32 = 200;
/// Scrubbing runs on a thread of the async runtime, so it must not take longer.
const LIMIT: Duration = Duration::from_millis(2);

fn main() -> ExitCode {
    let secrets: Vec<Secret> = (1..=3)
        .map(|seed| Secret::from(noise(seed, SECRET)))
        .collect();
    let echo = |from: usize| {
        secrets
            .first()
            .and_then(|secret| secret.expose().get(from..from + 64))
    };
    let escaped = "%25".repeat(TEXT / 3);
    let texts = [
        ("no secret in it", noise(4, TEXT)),
        (
            "two pieces in it",
            format!("{} {:?} {:?}", noise(5, 800), echo(100), echo(2000)),
        ),
        ("escapes only", escaped),
    ];
    println!("three secrets of 4 KB, a text of 1 KB; the limit is {LIMIT:?}\n");
    let copy = median(|| drop(black_box(secrets.clone())));
    println!("{:<36} {copy:>12.1?}", "a copy of the secrets");
    let mut slow = false;
    for (name, text) in &texts {
        let took = median(|| {
            let scrubbed = Scrubber::new(&secrets).scrub(black_box(text), 256);
            black_box(scrubbed);
        });
        println!("{name:<36} {took:>12.1?}");
        slow |= took > LIMIT;
    }
    if slow {
        println!("\nslower than the limit");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Returns a text like an encrypted token: letters and digits without a pattern.
fn noise(seed: u64, length: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = seed;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(state >> 58).unwrap_or_default();
        DIGITS.get(at).copied().map_or('-', char::from)
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn median(run: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
