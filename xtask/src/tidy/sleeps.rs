//! Tests own time.

use super::tree::{Tree, code_lines, is_test_file, production};

/// What a test that must sleep says on that line or above it, with its reason after it.
const ALLOWED: &str = "tidy: sleeps because ";

pub(super) fn none(tree: &Tree) -> Vec<String> {
    let rust = tree.rust();
    rust.flat_map(|(path, text)| sleeping_lines(path, text))
        .collect()
}

/// A test with paused time sleeps no real second, so it may.
fn sleeping_lines(path: &str, text: &str) -> Vec<String> {
    let production = match is_test_file(path) {
        true => 0,
        false => production(path, text).lines().count(),
    };
    let lines: Vec<&str> = text.lines().collect();
    let mut paused = false;
    let mut found = Vec::new();
    for (number, line) in code_lines(text).filter(|(number, _)| *number > production) {
        let attribute = line.trim_start();
        if attribute.starts_with("#[test]") || attribute.starts_with("#[tokio::test") {
            paused = line.contains("start_paused = true");
        }
        if line.contains("sleep(") && !paused && !is_allowed(&lines, number) {
            let advice = "own the time: a manual clock, paused tokio time or a channel";
            found.push(format!("{path}:{number}: {advice}; or say `// {ALLOWED}…`"));
        }
    }
    found
}

fn is_allowed(lines: &[&str], number: usize) -> bool {
    let here_and_above = lines.iter().take(number).rev().take(3);
    let mut reasons = here_and_above.filter_map(|line| line.split_once(ALLOWED));
    reasons.any(|(_, reason)| !reason.trim().is_empty())
}
