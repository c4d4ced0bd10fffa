//! What every test keeps to.

use super::Finding;
use super::tree::{Tree, code_lines, is_test_file, production};

/// What a test that must sleep says on its line or one of the two above, with its reason after it.
const ALLOWED: &str = "tidy: sleeps because ";

pub(super) fn none_ignored(tree: &Tree) -> Vec<Finding> {
    let mark = concat!("#[ign", "ore");
    let advice = "mend it or take it out: what is ignored is not known to hold";
    let found = tree.rust().flat_map(|(path, text)| {
        let lines = code_lines(text).filter(move |(_, line)| line.trim_start().starts_with(mark));
        lines.map(move |(number, _)| Finding::at_line(path, number, advice))
    });
    found.collect()
}

pub(super) fn none_sleeps(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .flat_map(|(path, text)| sleeping_lines(path, text))
        .collect()
}

/// A test with paused time sleeps no real second, so it may.
fn sleeping_lines(path: &str, text: &str) -> Vec<Finding> {
    let first_of_tests = if is_test_file(path) {
        1
    } else {
        production(path, text).lines().count() + 1
    };
    let lines: Vec<&str> = text.lines().collect();
    let mut paused = false;
    let mut found = Vec::new();
    for (number, line) in code_lines(text).filter(|(number, _)| *number >= first_of_tests) {
        if is_test_attribute(&line) {
            paused = line.contains("start_paused = true");
        }
        if line.contains("sleep(") && !paused && !is_allowed(&lines, number) {
            found.push(Finding::at_line(path, number, advice()));
        }
    }
    found
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[test]") || line.starts_with("#[tokio::test")
}

fn is_allowed(lines: &[&str], number: usize) -> bool {
    let here_and_above = lines.iter().take(number).rev().take(3);
    here_and_above
        .filter_map(|line| line.split_once(ALLOWED))
        .any(|(_, reason)| !reason.trim().is_empty())
}

fn advice() -> String {
    format!(
        "own the time: a manual clock, paused tokio time or a channel; or say `// {ALLOWED}…` if nothing else will do"
    )
}
