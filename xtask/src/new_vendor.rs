//! A new vendor: a crate of its own, in this workspace with four shared lines, or elsewhere.

mod template;

use std::path::Path;

use anyhow::{Result, ensure};

pub(crate) use self::template::Template;
use self::template::write;
use crate::step::Outcome;
use crate::tidy;
use crate::workspace::{Workspace, show};

/// The crates of this workspace that a crate elsewhere depends on, also through each other.
const OURS: [&str; 3] = ["token-cache", "token-core", "token-testkit"];

/// Writes the crate: into `out`, where it stands alone, or into this workspace. Then it prints the
/// shared lines.
pub(crate) fn run(workspace: &Workspace, name: &str, out: Option<&Path>) -> Result<()> {
    let template = Template::of(name)?;
    if let Some(out) = out {
        let folder = std::path::absolute(out)?.join(name);
        write(workspace, template.stand_alone(workspace)?, &folder)?;
        println!("{} is written. Run `cargo test` in it.", folder.display());
        println!("To use the crates of this clone, add to its Cargo.toml:\n\n[patch.crates-io]");
        for name in OURS {
            let path = workspace.path("crates").join(name);
            println!("{name} = {{ path = {path:?} }}");
        }
        return Ok(());
    }
    let folder = workspace.path("crates").join(name);
    write(workspace, template.in_tree(workspace)?, &folder)?;
    println!("crates/{name} is written. Now add four shared lines:");
    for [file, after, text] in template.shared_lines(workspace)? {
        let (after, text) = (after.trim_end(), text.trim_end());
        println!("\n{file}, after `{after}`:\n  {text}");
    }
    println!("\nThen run `cargo test -p {name}`, and read \"Add a vendor\" in CONTRIBUTING.md.");
    Ok(())
}

/// Checks that a new vendor passes its tests, here (in a copy) and elsewhere, and keeps the rules.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let template = Template::of("acme-auth")?;
    check_stand_alone(workspace, &template)?;
    let copy = workspace.copy_to(&workspace.target("new-vendor-check")?)?;
    let files = template.in_tree(&copy)?;
    write(&copy, files, &copy.path("crates/acme-auth"))?;
    for [file, after, text] in template.shared_lines(&copy)? {
        let before = copy.read(&file)?;
        ensure!(before.contains(&after), "{file} has no `{after}`");
        let inserted = before.replacen(&after, &format!("{after}{text}"), 1);
        std::fs::write(copy.path(&file), inserted)?;
    }
    let broken = tidy::broken_in(&copy, "crates/acme-auth")?.join("\n  ");
    ensure!(broken.is_empty(), "the new crate breaks rules:\n  {broken}");
    // In the original's target folder, so that what is built there is not built again.
    let target = workspace.target("")?;
    for arguments in [
        "test --package acme-auth",
        "check --quiet --package vendor-auth --no-default-features --features acme",
    ] {
        show(copy.cargo(arguments).env("CARGO_TARGET_DIR", &target))?;
    }
    Ok(Outcome::Passed)
}

/// Outside of the workspace, so that nothing is inherited; with the crates and the versions of this
/// workspace, as they will be in the registry.
fn check_stand_alone(workspace: &Workspace, template: &Template) -> Result<()> {
    let elsewhere = std::env::temp_dir().join(format!("new-vendor-{}", std::process::id()));
    let copy = Workspace::at(&elsewhere);
    write(workspace, template.stand_alone(workspace)?, &elsewhere)?;
    std::fs::copy(workspace.path("Cargo.lock"), copy.path("Cargo.lock"))?;
    let mut test = copy.cargo("test");
    for name in OURS {
        let path = workspace.path("crates").join(name);
        let patch = format!("patch.crates-io.{name}.path={path:?}");
        test.args(["--config", &patch]);
    }
    show(test.env("CARGO_TARGET_DIR", workspace.target("")?))?;
    Ok(std::fs::remove_dir_all(&elsewhere)?)
}
