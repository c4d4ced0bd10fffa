//! Every fault on the list has a test that names it.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

const LIST: &str = "FAULTS.md";

pub(super) fn have_tests(tree: &Tree) -> Vec<Finding> {
    let Some(list) = tree.text(LIST) else {
        return Vec::new();
    };
    let tested: BTreeSet<u32> = tree.rust().flat_map(|(_, text)| rows_named(text)).collect();
    let untested = rows_listed(list).filter(|(_, row)| !tested.contains(row));
    let found = untested.map(|(line, row)| {
        let advice = format!("row {row} has no test: write one, with `// {LIST} row {row}` above it");
        Finding::at_line(LIST, line, advice)
    });
    found.collect()
}

/// The rows of the table, with their lines: `| 12 | … |`.
fn rows_listed(list: &str) -> impl Iterator<Item = (usize, u32)> {
    let lines = list.lines().enumerate();
    lines.filter_map(|(index, line)| {
        Some((
            index + 1,
            line.strip_prefix("| ")?.split(' ').next()?.parse().ok()?,
        ))
    })
}

/// The rows in comments such as `// FAULTS.md rows 14, 15 and 17`.
fn rows_named(text: &str) -> Vec<u32> {
    let comments = text.lines().filter_map(|line| line.split_once("//"));
    let lists = comments.filter_map(|(_, comment)| {
        let (_, rows) = comment.split_once("FAULTS.md row")?;
        Some(rows)
    });
    lists.flat_map(numbers).collect()
}

/// The numbers up to the end of the sentence.
fn numbers(list: &str) -> Vec<u32> {
    let list = list.split(['.', ':', ';', '(']).next().unwrap_or_default();
    list.split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_from_comments_however_many_a_comment_names() {
        let text = concat!(
            "// FAULTS.md",
            " rows 14, 15 and 17.\n  // see FAULTS.md",
            " row 3: 5 tries\nlet x = 9;\n"
        );
        assert_eq!(rows_named(text), [14, 15, 17, 3]);
    }
}
