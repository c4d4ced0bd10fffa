//! Names and lengths of source files.

use super::tree::Tree;

/// Names that say nothing, so that anything ends up there.
const EMPTY_NAMES: &str = "utils util helpers helper common misc manager managers shared stuff";

/// CONTRIBUTING.md states it too.
const LONGEST_FILE: usize = 300;

const SOURCES: &str = ".rs .mjs .py .lua .sql .liquid";

pub(super) fn names(tree: &Tree) -> Vec<String> {
    let is_empty = |part: &str| {
        let name = part.trim_end_matches(".rs");
        EMPTY_NAMES.split(' ').any(|empty| empty == name)
    };
    let bad = tree
        .rust()
        .filter(|(path, _)| path.split('/').any(is_empty));
    bad.map(|(path, _)| format!("{path}: name it for what is in it"))
        .collect()
}

pub(super) fn length(tree: &Tree) -> Vec<String> {
    let is_source = |path: &str| {
        let ends = SOURCES.split(' ').any(|ending| path.ends_with(ending));
        ends && !path.contains("/tests/data/")
    };
    let sources = tree.files().filter(|(path, _)| is_source(path));
    let counted = sources.map(|(path, text)| (path, text.lines().count()));
    let long = counted.filter(|(_, lines)| *lines > LONGEST_FILE);
    long.map(|(path, lines)| format!("{path}: {lines} lines, at most {LONGEST_FILE}: split it"))
        .collect()
}

/// The test in the last column of each row exists: a function, or a module that a macro makes.
pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let list = tree.text("FAULTS.md").unwrap_or_default();
    let rows = list.lines().enumerate().filter(|(_, line)| {
        let number = line
            .strip_prefix("| ")
            .and_then(|line| line.split(' ').next());
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    });
    let is_named = |row: &str| {
        let Some((_, last)) = row.trim_end_matches(['`', ' ', '|']).rsplit_once("| `") else {
            return false;
        };
        let forms = [
            format!("fn {last}("),
            format!("mod {last}"),
            format!("{last} {{"),
        ];
        let mut files = tree.rust();
        files.any(|(_, text)| forms.iter().any(|form| text.contains(form)))
    };
    let wrong = rows.filter(|(_, row)| !is_named(row));
    let advice = "write the name of an existing test into the last column";
    wrong
        .map(|(index, _)| format!("FAULTS.md:{}: {advice}", index + 1))
        .collect()
}
