//! How a trial ends if it does not fail.

use std::process::ExitCode;

/// What `xtask` takes for a skipped step; the last line then says why.
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
