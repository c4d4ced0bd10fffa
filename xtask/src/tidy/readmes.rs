//! READMEs, which registries and forges show as plain Markdown: without rustdoc's hidden lines and
//! without links to Rust paths.

use super::Finding;
use super::tree::{Crate, Tree};

const SEMVER: &str = "## Public dependencies (semver)";

pub(super) fn public_dependencies(tree: &Tree) -> Vec<Finding> {
    let published = tree.crates().filter(Crate::is_published);
    let without = published.filter(|ours| {
        let text = ours.text("README.md").unwrap_or_default();
        !text.lines().any(|line| line == SEMVER)
    });
    let advice = format!("list the crates whose types are in the public API under `{SEMVER}`");
    without
        .map(|ours| Finding::new(ours.path("README.md"), advice.clone()))
        .collect()
}

pub(super) fn plain_markdown(tree: &Tree) -> Vec<Finding> {
    let pages = tree
        .files()
        .filter(|(path, _)| path.ends_with("README.md") || path.ends_with("SHARING.md"));
    pages
        .flat_map(|(path, text)| findings(path, text))
        .chain(stale_quick_start(tree))
        .collect()
}

/// The facade's README is compiled, the root's is not: the first example of both is the same.
fn stale_quick_start(tree: &Tree) -> Option<Finding> {
    let example = |file| {
        let (_, rest) = tree.text(file)?.split_once("\n```rust")?;
        let (_, rest) = rest.split_once('\n')?;
        Some(rest.split("\n```").next()?.to_owned())
    };
    let (root, facade) = (
        example("README.md"),
        example("crates/vendor-auth/README.md"),
    );
    let advice = "copy the first example of crates/vendor-auth/README.md, which is compiled";
    (root != facade).then(|| Finding::new("README.md", advice))
}

fn findings(path: &str, text: &str) -> Vec<Finding> {
    let mut code = None;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            code = code.is_none().then_some(language);
            continue;
        }
        let advice = if let Some(language) = code {
            let hidden = language.starts_with("rust") && is_hidden(line);
            hidden.then(|| "show this line or take it out: only rustdoc hides it".to_owned())
        } else {
            unresolved(line, text)
                .map(|link| format!("`{link}`: add `[label]: https://docs.rs/…` at the end"))
        };
        found.extend(advice.map(|advice| Finding::at_line(path, index + 1, advice)));
    }
    found
}

fn is_hidden(line: &str) -> bool {
    let line = line.trim_start();
    line == "#" || line.starts_with("# ")
}

/// The first link in a line that only rustdoc could resolve.
fn unresolved<'a>(line: &'a str, text: &str) -> Option<&'a str> {
    line.split('[').skip(1).find_map(|rest| {
        let (label, after) = rest.split_once(']')?;
        let by_path = after.strip_prefix('(').is_some_and(|target| {
            target
                .split(')')
                .next()
                .is_some_and(|target| target.contains("::"))
        });
        let by_name = label.starts_with('`')
            && !after.starts_with('(')
            && !text.contains(&format!("\n[{label}]: "));
        (by_path || by_name).then_some(label)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_rustdoc_understands_is_found() {
        let count = |text: &str| findings("README.md", text).len();
        assert_eq!(
            count("```rust\n# fn main() {}\n#[tokio::main]\n```\n# Title\n"),
            1
        );
        assert_eq!(count("```sh\n# a comment\n```\n"), 0);
        assert_eq!(count("[`A`]: one\n\n[`A`]: https://docs.rs/a\n"), 0);
        assert_eq!(count("see [`A`] and [b](https://b.example)\n"), 1);
        assert_eq!(count("see [it](a::A)\n"), 1);
    }
    #[test]
    fn the_quick_starts_of_the_root_and_the_facade_are_the_same() {
        let tree = |root: &str| {
            Tree::default().with("README.md", root).with(
                "crates/vendor-auth/README.md",
                "# F\n\n```rust,no_run\na();\n```\n",
            )
        };
        assert_eq!(
            stale_quick_start(&tree("# R\n\n```rust\na();\n```\n")),
            None
        );
        assert!(stale_quick_start(&tree("# R\n\n```rust\nb();\n```\n")).is_some());
    }
}
