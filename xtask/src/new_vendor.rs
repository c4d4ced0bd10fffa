//! A new vendor: a crate of its own, and four shared lines.

mod template;

use anyhow::{Result, ensure};

pub(crate) use self::template::Template;
use crate::step::Outcome;
use crate::tidy;
use crate::workspace::{Workspace, show};

/// Writes the crate and prints the shared lines.
pub(crate) fn run(workspace: &Workspace, name: &str) -> Result<()> {
    let template = Template::of(name)?;
    template.write(workspace)?;
    println!("crates/{name} is written. Now add four shared lines:");
    for [file, after, text] in template.shared_lines(workspace)? {
        println!(
            "\n{file}, after `{}`:\n  {}",
            after.trim_end(),
            text.trim_end()
        );
    }
    println!("\nThen run `cargo test -p {name}`, and read \"Add a vendor\" in CONTRIBUTING.md.");
    Ok(())
}

/// Checks in a copy of the workspace that a new vendor compiles, passes its tests and keeps the
/// rules.
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
