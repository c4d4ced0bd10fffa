//! Words that no file may contain.

use super::tree::Tree;

/// Names that were replaced before the first release.
const REPLACED: &str = "Lineage Succession Carriage carried Redemption Windows Moment seen_from \
    Key spendable succeeding lease_wait intend withdraw changed bury buried spill windows log_out \
    adopt ask token_cache careless";

/// `~` keeps this file free of what it looks for.
const MACHINE: &str = "/wo~rk/ /ro~ot/ /ho~me/ C:\\~Users";

const REGISTRIES: &str = "index.~crates.io static.~crates.io crates.io~-index registry.~npmjs \
    registry.~yarnpkg files.~pythonhosted pypi.org~/simple";

pub(super) fn items(tree: &Tree) -> Vec<String> {
    tree.bad_lines(
        "this name was replaced, see the changelogs",
        |path, line| {
            let is_replaced = |name| REPLACED.split(' ').any(|replaced| replaced == name);
            path.ends_with(".rs") && public_item(line).is_some_and(is_replaced)
        },
    )
}

/// Returns the name of the item that a line declares.
fn public_item(line: &str) -> Option<&str> {
    const KINDS: [&str; 7] = ["fn", "struct", "enum", "trait", "const", "mod", "type"];
    let item = line.trim_start().strip_prefix("pub ")?;
    let mut words = item.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.find(|word| KINDS.contains(word))?;
    words.find(|word| !word.is_empty() && !KINDS.contains(word))
}

pub(super) fn nothing_left(tree: &Tree) -> Vec<String> {
    tree.bad_lines("do it, or write it down as an issue", |_, line| {
        let marks = "TO~DO FIX~ME XX~X:".replace('~', "");
        marks.split(' ').any(|mark| line.contains(mark))
    })
}

pub(super) fn no_test_ignored(tree: &Tree) -> Vec<String> {
    let advice = "mend it or take it out: what is ignored is not known to hold";
    tree.bad_lines(advice, |path, line| {
        let mark = "#[ign~ore".replace('~', "");
        path.ends_with(".rs") && line.trim_start().starts_with(&mark)
    })
}

pub(super) fn no_machine_paths(tree: &Tree) -> Vec<String> {
    tree.bad_lines("take the machine's path out", |_, line| {
        let paths = MACHINE.replace('~', "");
        paths.split(' ').any(|path| begins_a_path(line, path))
    })
}

/// `/x/` in the middle of an address is not a machine's path.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !"-_.*/}".contains(c))
    })
}

/// Cargo itself writes the one source of all packages into its lock. npm leaves it out with
/// `omit-lockfile-registry-resolved=true` in .npmrc.
pub(super) fn no_registry_hosts(tree: &Tree) -> Vec<String> {
    tree.bad_lines(
        "take the registry's host out: each machine has its own",
        |path, line| {
            let by_cargo = path.ends_with("Cargo.lock") && line.starts_with("source = ");
            let by_npm = path.ends_with("package-lock.json") && line.contains("\"resolved\"");
            let hosts = REGISTRIES.replace('~', "");
            by_npm || !by_cargo && hosts.split(' ').any(|host| line.contains(host))
        },
    )
}
