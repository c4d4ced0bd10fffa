//! Names and lengths of source files.

use super::tree::Tree;

/// Names that say nothing, so that anything ends up there.
const EMPTY_NAMES: &str = "utils util helpers helper common misc manager managers shared stuff";

/// CONTRIBUTING.md states it too.
const LONGEST_FILE: usize = 300;

/// The files that are still longer. One that is not belongs off the list.
const STILL_LONGER: &str = "xtask/still-longer.txt";

const SOURCES: &str = ".rs .mjs .py .lua .sql .in";

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
    let listed = tree.text(STILL_LONGER).unwrap_or_default();
    let found = tree.files().filter_map(|(path, text)| {
        let is_source = SOURCES.split(' ').any(|ending| path.ends_with(ending));
        let (lines, is_listed) = (text.lines().count(), listed.lines().any(|it| it == path));
        match lines > LONGEST_FILE {
            true if is_listed || !is_source || path.contains("/tests/data/") => None,
            true => Some(format!(
                "{path}: {lines} lines, at most {LONGEST_FILE}: split it"
            )),
            false if is_listed => Some(format!("{path}: take it off {STILL_LONGER}")),
            false => None,
        }
    });
    found.collect()
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
