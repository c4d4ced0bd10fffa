//! What every file of ours keeps to.

use super::Finding;
use super::tree::{Tree, code_lines, production};

/// Names that say nothing, so that anything ends up there.
const EMPTY_NAMES: [&str; 10] = [
    "utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "shared",
    "stuff",
];

const LONGEST_FILE: usize = 400;

pub(super) fn names(tree: &Tree) -> Vec<Finding> {
    let advice = "name it for what is in it: nothing lives in a room without a name";
    tree.rust()
        .filter(|(path, _)| has_empty_name(path))
        .map(|(path, _)| Finding::new(path, advice))
        .collect()
}

pub(super) fn length(tree: &Tree) -> Vec<Finding> {
    let lengths = tree
        .rust()
        .map(|(path, text)| (path, production(path, text).lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > LONGEST_FILE);
    let advise = |lines| {
        format!("{lines} lines before the tests, at most {LONGEST_FILE}: split it by what it does")
    };
    long.map(|(path, lines)| Finding::new(path, advise(lines)))
        .collect()
}

pub(super) fn no_unsafe(tree: &Tree) -> Vec<Finding> {
    let used = tree.rust().flat_map(|(path, text)| {
        let lines = code_lines(text).filter(|(_, line)| {
            line.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == "unsafe")
        });
        lines.map(move |(number, _)| {
            Finding::at_line(
                path,
                number,
                "find a way without it: nothing here is that fast",
            )
        })
    });
    used.collect()
}

pub(super) fn nothing_left(tree: &Tree) -> Vec<Finding> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    let found = tree.files().flat_map(|(path, text)| {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
        lines.map(move |(index, _)| {
            Finding::at_line(path, index + 1, "do it, or write it down as an issue")
        })
    });
    found.collect()
}

fn has_empty_name(path: &str) -> bool {
    let mut parts = path.split('/').map(|part| part.trim_end_matches(".rs"));
    parts.any(|part| EMPTY_NAMES.contains(&part))
}
