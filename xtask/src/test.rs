//! Everything, in steps. A new step is a line here and a function where it belongs.

use anyhow::Result;

use crate::chaos;
use crate::ci;
use crate::interop;
use crate::mounted_file;
use crate::new_vendor;
use crate::outage;
use crate::servers;
use crate::step::{Step, run_all};
use crate::tidy;
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
        run: mounted_file::step,
    },
    Step {
        name: "chaos",
        run: chaos::step,
    },
    Step {
        name: "outage",
        run: outage::step,
    },
];

/// Runs every step and prints the table.
///
/// # Errors
///
/// Where one failed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let steps: Vec<Step> = STEPS.into_iter().chain(interop::GATE).collect();
    run_all(workspace, &steps)
}
