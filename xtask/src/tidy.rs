//! The invariants of the house that can be checked by looking. Each finding says what to do.

mod faults;
mod furniture;
mod graph;
mod manifests;
mod places;
mod purity;
mod readmes;
mod sources;
mod tests_rules;
mod tree;
mod vectors;

#[cfg(test)]
mod tests;

use anyhow::{Result, bail};

pub(crate) use self::tree::Tree;
use crate::step::Outcome;
use crate::workspace::Workspace;

/// What `--fix` may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repair {
    /// Only look.
    Nothing,
    /// Copy the licences into every crate that has none, or other ones.
    Licences,
}

/// Something that breaks a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    file: String,
    what: String,
}

impl Finding {
    fn new(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            what: what.into(),
        }
    }

    fn at_line(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self::new(format!("{file}:{line}"), what)
    }
}

/// One rule. A number in its name is that of the design's invariant.
struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

const RULES: [Rule; 22] = [
    Rule {
        name: "1: vendor crates depend on nothing that does I/O",
        check: purity::dependencies,
    },
    Rule {
        name: "1: vendor crates do no I/O and read no clock",
        check: purity::sources,
    },
    Rule {
        name: "1: vendor crates have one skeleton",
        check: purity::skeleton,
    },
    Rule {
        name: "data flows one way",
        check: graph::one_way,
    },
    Rule {
        name: "siblings are dev-dependencies by path alone",
        check: graph::dev_dependencies,
    },
    Rule {
        name: "7: the one lint table holds everywhere",
        check: manifests::lints,
    },
    Rule {
        name: "7: no unsafe code",
        check: sources::no_unsafe,
    },
    Rule {
        name: "9: public dependencies are on a list",
        check: readmes::public_dependencies,
    },
    Rule {
        name: "READMEs are plain Markdown",
        check: readmes::plain_markdown,
    },
    Rule {
        name: "metadata is complete",
        check: manifests::metadata,
    },
    Rule {
        name: "versions are in one place",
        check: manifests::versions,
    },
    Rule {
        name: "each crate has its papers",
        check: furniture::papers,
    },
    Rule {
        name: "files are named for what is in them",
        check: sources::names,
    },
    Rule {
        name: "files are short",
        check: sources::length,
    },
    Rule {
        name: "nothing is left to do",
        check: sources::nothing_left,
    },
    Rule {
        name: "no test is ignored",
        check: tests_rules::none_ignored,
    },
    Rule {
        name: "no test sleeps",
        check: tests_rules::none_sleeps,
    },
    Rule {
        name: "every fault has a test",
        check: faults::have_tests,
    },
    Rule {
        name: "every row of FAULTS.md names a test that is there",
        check: faults::name_tests,
    },
    Rule {
        name: "vectors have a source",
        check: vectors::have_a_source,
    },
    Rule {
        name: "no machine's paths",
        check: places::no_machine_paths,
    },
    Rule {
        name: "no registry's hosts",
        check: places::no_registry_hosts,
    },
];

/// Checks every rule.
///
/// # Errors
///
/// Where one is broken; what was found is printed.
pub(crate) fn run(workspace: &Workspace, repair: Repair) -> Result<()> {
    if repair == Repair::Licences {
        furniture::copy_licences(workspace)?;
    }
    let tree = Tree::read(workspace)?;
    let broken: usize = RULES.iter().map(|rule| report(rule, &tree)).sum();
    if broken > 0 {
        bail!("{broken} of {} rules are broken", RULES.len());
    }
    println!("{} rules hold in {} files", RULES.len(), tree.len());
    Ok(())
}

/// The same as a step of a longer command.
pub(crate) fn step(workspace: &Workspace) -> Result<Outcome> {
    run(workspace, Repair::Nothing)?;
    Ok(Outcome::Passed)
}

/// What is wrong in one folder, each with the rule's name.
pub(crate) fn findings_in(workspace: &Workspace, folder: &str) -> Result<Vec<String>> {
    let tree = Tree::read(workspace)?;
    let found = RULES.iter().flat_map(|rule| {
        (rule.check)(&tree)
            .into_iter()
            .map(|finding| (rule.name, finding))
    });
    let inside = found.filter(|(_, finding)| finding.file.starts_with(folder));
    Ok(inside
        .map(|(rule, finding)| format!("{rule}: {}: {}", finding.file, finding.what))
        .collect())
}

fn report(rule: &Rule, tree: &Tree) -> usize {
    let found = (rule.check)(tree);
    if found.is_empty() {
        return 0;
    }
    println!("{}", rule.name);
    for finding in &found {
        println!("  {}: {}", finding.file, finding.what);
    }
    1
}
