//! No file names the machine that it was written on, or a registry that packages came from.

use super::Finding;
use super::tree::Tree;

const MACHINE: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("C:\\", "Users"),
];

/// Parts of names, put together here so that this file does not name them itself.
const REGISTRIES: [&str; 7] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("crates.io", "-index"),
    concat!("registry.", "npmjs"),
    concat!("registry.", "yarnpkg"),
    concat!("files.", "pythonhosted"),
    concat!("pypi.org", "/simple"),
];

pub(super) fn no_machine_paths(tree: &Tree) -> Vec<Finding> {
    let advice = "take the machine's path out: what is written here holds everywhere";
    lines_with(
        tree,
        |_, line| MACHINE.iter().any(|path| begins_a_path(line, path)),
        advice,
    )
}

pub(super) fn no_registry_hosts(tree: &Tree) -> Vec<Finding> {
    let advice = "take the registry's host out: each machine has its own";
    let mut found = lines_with(
        tree,
        |path, line| !is_cargo_source(path, line) && names_registry(line),
        advice,
    );
    let locks = tree
        .files()
        .filter(|(path, _)| path.ends_with("package-lock.json"));
    let resolved = locks.filter(|(_, text)| text.contains("\"resolved\""));
    let advice =
        "take the `resolved` lines out, and set `omit-lockfile-registry-resolved=true` in .npmrc";
    found.extend(resolved.map(|(path, _)| Finding::new(path, advice)));
    found
}

fn lines_with(tree: &Tree, is_wrong: impl Fn(&str, &str) -> bool, advice: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        let wrong = text
            .lines()
            .enumerate()
            .filter(|(_, line)| is_wrong(path, line));
        found.extend(wrong.map(|(index, _)| Finding::at_line(path, index + 1, advice)));
    }
    found
}

/// `/x/` in the middle of an address is no path of a machine.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !"-_.*/}".contains(c))
    })
}

fn names_registry(line: &str) -> bool {
    REGISTRIES.iter().any(|registry| line.contains(registry))
}

/// Cargo itself writes the one source of all packages into its lock.
fn is_cargo_source(path: &str, line: &str) -> bool {
    path.ends_with("Cargo.lock") && line.starts_with("source = ")
}
