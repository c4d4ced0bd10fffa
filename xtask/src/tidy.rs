//! The rules that can be checked by reading the files. Each finding says what to do.

mod crates;
mod readmes;
mod sleeps;
mod sources;
mod tree;
mod vendors;
mod words;

#[cfg(test)]
mod tests;

use anyhow::{Result, ensure};

pub(crate) use self::crates::is_vendor;
use self::tree::Tree;
use crate::step::Outcome;
use crate::workspace::Workspace;

/// A rule returns what breaks it, and what to do about it.
struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<String>,
}

const fn rule(name: &'static str, check: fn(&Tree) -> Vec<String>) -> Rule {
    Rule { name, check }
}

/// A number is that of the invariant in ARCHITECTURE.md.
const RULES: [Rule; 21] = [
    rule("1: vendors depend on no I/O", vendors::dependencies),
    rule("1: vendors do no I/O and read no clock", vendors::calls),
    rule("1: vendors have one skeleton", vendors::skeleton),
    rule("cases have a source", vendors::cases),
    rule("data flows one way", crates::one_way),
    rule("sibling dev-dependencies", crates::dev_dependencies),
    rule("7: the one lint table holds everywhere", crates::lints),
    rule("metadata is complete", crates::metadata),
    rule("versions are in one place", crates::versions),
    rule("required files", crates::required_files),
    rule("READMEs are plain Markdown", readmes::plain_markdown),
    rule("both quick starts are the same", readmes::quick_start),
    rule("files are named for what is in them", sources::names),
    rule("files are short", sources::length),
    rule("FAULTS.md names existing tests", sources::faults),
    rule("public items have the agreed names", words::items),
    rule("nothing is left to do", words::nothing_left),
    rule("no test is ignored", words::no_test_ignored),
    rule("no test sleeps", sleeps::none),
    rule("no machine's paths", words::no_machine_paths),
    rule("no registry's hosts", words::no_registry_hosts),
];

/// Checks every rule.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let tree = Tree::read(workspace)?;
    let mut broken = 0;
    for Rule { name, check } in RULES {
        let found = check(&tree);
        if !found.is_empty() {
            println!("{name}\n  {}", found.join("\n  "));
            broken += 1;
        }
    }
    ensure!(broken == 0, "{broken} of {} rules are broken", RULES.len());
    println!("{} rules hold in {} files", RULES.len(), tree.0.len());
    Ok(Outcome::Passed)
}

/// Returns what breaks a rule in one folder.
pub(crate) fn broken_in(workspace: &Workspace, folder: &str) -> Result<Vec<String>> {
    let tree = Tree::read(workspace)?;
    let mut found: Vec<String> = RULES.iter().flat_map(|rule| (rule.check)(&tree)).collect();
    found.retain(|finding| finding.starts_with(folder));
    Ok(found)
}
