//! Checks in a copy of the workspace that a new vendor compiles, passes its tests and keeps the
//! rules.

use anyhow::{Result, ensure};

use super::template::Template;
use crate::command::show;
use crate::step::Outcome;
use crate::tidy;
use crate::workspace::Workspace;

pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let copy = workspace.copy_to(&workspace.target("new-vendor-check")?)?;
    let template = Template::of("acme-auth")?;
    template.write(&copy)?;
    for [file, after, text] in template.shared_lines(&copy)? {
        let before = copy.read(&file)?;
        ensure!(
            before.contains(&after),
            "{file} has no `{after}`: correct shared_lines.toml"
        );
        let inserted = before.replacen(&after, &format!("{after}{text}"), 1);
        std::fs::write(copy.path(&file), inserted)?;
    }
    let broken = tidy::broken_in(&copy, "crates/acme-auth")?;
    ensure!(
        broken.is_empty(),
        "the new crate breaks rules:\n  {}",
        broken.join("\n  ")
    );
    for arguments in [
        "test --package acme-auth",
        "check --quiet --package vendor-auth --no-default-features --features acme",
    ] {
        // In the original's target folder, so that what is built there is not built again.
        show(
            copy.cargo(arguments)
                .env("CARGO_TARGET_DIR", workspace.target("")?),
        )?;
    }
    Ok(Outcome::Passed)
}
