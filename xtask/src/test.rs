//! Everything, in steps. A new step is a line here and a function where it belongs.

use anyhow::Result;

use crate::ci;
use crate::new_vendor;
use crate::servers;
use crate::step::{Step, run_all};
use crate::tidy;
use crate::trials;
use crate::workspace::Workspace;

/// In this order, then the steps of `interop`.
const STEPS: [Step; 7] = [
    Step {
        name: "servers for the tests",
        run: servers::step,
    },
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
    Step {
        name: "mounted file",
        run: |workspace| trials::step(workspace, &["gate", "mounted-file"]),
    },
    Step {
        name: "chaos",
        run: |workspace| trials::step(workspace, &["gate", "chaos"]),
    },
    Step {
        name: "outage",
        run: |workspace| trials::step(workspace, &["gate", "outage"]),
    },
];

/// Runs every step and prints the table.
///
/// # Errors
///
/// Where one failed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let steps: Vec<Step> = STEPS.into_iter().chain(trials::INTEROP).collect();
    run_all(workspace, &steps)
}
