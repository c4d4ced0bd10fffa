//! Each crate with each of its features alone. Always one package at a time: a whole workspace
//! shares features, and so hides what a crate forgot to ask for.

use anyhow::{Context as _, Result, bail};

use crate::command::{self, cargo};
use crate::step::Outcome;
use crate::workspace::{Package, Workspace};

pub(super) fn each_alone(workspace: &Workspace) -> Result<Outcome> {
    let checks: Vec<Check> = workspace.published()?.iter().flat_map(checks_of).collect();
    let mut failed = Vec::new();
    for (index, check) in checks.iter().enumerate() {
        println!("  {}/{} {}", index + 1, checks.len(), check.title());
        if let Err(error) = check.run(workspace) {
            println!("{error:#}");
            failed.push(check.title());
        }
    }
    if !failed.is_empty() {
        bail!("these do not build:\n  {}", failed.join("\n  "));
    }
    Ok(Outcome::Passed)
}

struct Check {
    package: String,
    flags: Vec<String>,
}

fn checks_of(package: &Package) -> Vec<Check> {
    let check = |flags: &[&str]| Check {
        package: package.name.clone(),
        flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
    };
    let alone = package
        .features
        .iter()
        .map(|feature| check(&["--no-default-features", "--features", feature]));
    let mut checks = vec![check(&["--no-default-features"])];
    checks.extend(alone);
    checks.push(check(&["--all-features"]));
    checks
}

impl Check {
    fn title(&self) -> String {
        format!("{} {}", self.package, self.flags.join(" "))
    }

    fn run(&self, workspace: &Workspace) -> Result<()> {
        let mut command = cargo(workspace, &["check", "--quiet", "--package", &self.package]);
        command::read_without_warning(command.args(&self.flags)).with_context(|| self.title())
    }
}
