//! How a trial ends if it does not fail.

use std::process::ExitCode;

/// The exit code that `xtask` takes for a skipped step; the last line then gives the reason.
const SKIPPED: u8 = 77;

/// The end of a trial that did not fail.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// It cannot run on this machine, for this reason.
    Skipped(String),
}

impl Outcome {
    /// Prints the reason of a skipped trial and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Passed => ExitCode::SUCCESS,
            Self::Skipped(reason) => {
                println!("skipped: {reason}");
                ExitCode::from(SKIPPED)
            }
        }
    }
}
