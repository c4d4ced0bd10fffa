//! Everything, in steps. A new step is a line here and a function where it belongs.

use anyhow::Result;

use crate::ci;
use crate::command::{cargo, show};
use crate::interop;
use crate::new_vendor;
use crate::step::{Outcome, Step, run_all};
use crate::tidy;
use crate::workspace::Workspace;

/// In this order.
const STEPS: [Step; 5] = [
    Step {
        name: "tests and doctests",
        run: ci::tests,
    },
    Step {
        name: "single flight under the model checker",
        run: model_check,
    },
    Step {
        name: "tidy",
        run: tidy::step,
    },
    Step {
        name: "new-vendor",
        run: new_vendor::check,
    },
    Step {
        name: "interop",
        run: interop::step,
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

/// The first step runs it too; alone it is seen to be there and to draw its schedules.
fn model_check(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "test",
        "--package",
        "token-cache",
        "--all-features",
        "--test",
        "single_flight_model",
    ];
    show(&mut cargo(workspace, &arguments))?;
    Ok(Outcome::Passed)
}
