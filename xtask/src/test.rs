//! Everything, in steps. A new step is a line here and a function where it belongs.

use anyhow::Result;

use crate::ci;
use crate::new_vendor;
use crate::step::{Step, run_all};
use crate::tidy;
use crate::workspace::Workspace;

/// In this order.
const STEPS: [Step; 3] = [
    Step {
        name: "tests and doctests",
        run: ci::tests,
    },
    Step {
        name: "tidy",
        run: tidy::step,
    },
    Step {
        name: "new-vendor",
        run: new_vendor::check,
    },
];

/// Runs every step and prints the table.
///
/// # Errors
///
/// Where one failed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    run_all(workspace, &STEPS)
}
