//! Every fault on the list has tests that name it, and names one of them.

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
        let advice =
            format!("row {row} has no test: write one, with `// {LIST} row {row}` above it");
        Finding::at_line(LIST, line, advice)
    });
    found.collect()
}

/// The test in the last column of a row is there.
pub(super) fn name_tests(tree: &Tree) -> Vec<Finding> {
    let Some(list) = tree.text(LIST) else {
        return Vec::new();
    };
    let named =
        rows_listed(list).filter_map(|(line, row)| Some((line, row, list.lines().nth(line - 1)?)));
    let found =
        named.filter(|(_, _, text)| !test_named(text).is_some_and(|name| is_there(tree, name)));
    let found = found.map(|(line, row, _)| {
        let advice = format!(
            "row {row} names no test that is there: write the name of one into the last column"
        );
        Finding::at_line(LIST, line, advice)
    });
    found.collect()
}

/// What stands between backticks in the last column.
fn test_named(row: &str) -> Option<&str> {
    let last = row.trim_end().strip_suffix('|')?.rsplit('|').next()?.trim();
    last.strip_prefix('`')?.strip_suffix('`')
}

/// A function, or a module of tests that a macro makes.
fn is_there(tree: &Tree, name: &str) -> bool {
    let forms = [
        format!("fn {name}("),
        format!("mod {name}"),
        format!("{name} {{"),
    ];
    tree.rust()
        .any(|(_, text)| forms.iter().any(|form| text.contains(form)))
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
    fn a_row_names_a_test_that_is_there() {
        let row = |name: &str| format!("| 1 | a fault | what happens | {name} |\n");
        let found = |name: &str| {
            let tree = Tree::default()
                .with(LIST, &row(name))
                .with("crates/a/tests/b.rs", "fn a_test_that_is_there() {}");
            name_tests(&tree).len()
        };
        assert_eq!(found("`a_test_that_is_there`"), 0);
        assert_eq!(found("`a_test_that_is`"), 1);
        assert_eq!(found("a_test_that_is_there"), 1);
        assert_eq!(found(""), 1);
    }

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
