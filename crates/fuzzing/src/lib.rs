//! Property runs over whatever may come from outside: answers of every endpoint, redirects, token
//! files and sealed records.
//!
//! They begin with recorded ones, the cases of the vendor crates, and change them. The gate runs a
//! bounded number of cases; `cargo xtask fuzz --cases 1000000` runs more.
//!
//! The laws: nothing panics; no secret of the request, of the endpoint or of the answer is in an
//! error's text; a readable new refresh token in a 2xx is never lost; of a redirect's target no
//! more than a clean host is shown.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up, and a law that is broken, fail the test that asked for it"
)]

mod corpus;
mod law;
mod mutation;
mod vendor;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

pub use corpus::Recorded;
pub use law::{NEW_ACCESS, NEW_REFRESH, check, leaks};
pub use mutation::{Mutation, any_mutation, apply};
pub use vendor::Vendor;

/// Runs a law on as many values as `FUZZ_CASES` says, or on `bounded` of them.
///
/// # Panics
///
/// With the smallest value that breaks the law.
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
