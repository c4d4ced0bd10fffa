//! Property tests of input from outside: answers of every endpoint, redirects, token files and
//! sealed records.
//!
//! They mutate recorded answers (the cases of the vendor crates) and valid files. CI runs a limited
//! number of cases; `cargo xtask fuzz --cases 1000000` runs more.
//!
//! The laws: nothing panics; no secret of the request, the endpoint or the answer is in an error's
//! text; a readable new refresh token in a 2xx response is never lost; only the host of a
//! redirect's target is shown.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed setup or a broken law fails the test"
)]

mod corpus;
mod law;
mod mutation;
mod vendor;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

pub use corpus::Recorded;
pub use law::{check, leaks};
pub use mutation::{Mutation, any_mutation, apply};
pub use vendor::{NEW_ACCESS, NEW_REFRESH, Vendor};

/// Checks a law on `FUZZ_CASES` values, or on `bounded` values if that variable is not set.
///
/// # Panics
///
/// If the law is broken; the message shows the smallest value that breaks it.
pub fn run<S: Strategy>(
    bounded: u32,
    values: &S,
    law: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let told = std::env::var("FUZZ_CASES").ok();
    let cases = told.map_or(bounded, |text| {
        text.parse().expect("FUZZ_CASES is a number")
    });
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    match TestRunner::new(config).run(values, law) {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("{why}\nwith {value:#?}"),
        Err(aborted) => panic!("{aborted}"),
    }
}
