//! Front pages are plain Markdown, as registries and forges show it: without rustdoc's hidden lines
//! and links to Rust paths.

use super::tree::Tree;

pub(super) fn plain_markdown(tree: &Tree) -> Vec<String> {
    let pages = ["README.md", "SHARING.md"];
    let pages = tree
        .files()
        .filter(|(path, _)| pages.iter().any(|page| path.ends_with(page)));
    pages
        .flat_map(|(path, text)| findings(path, text))
        .collect()
}

/// The facade's README is compiled, the root's is not: the first example of both is the same.
pub(super) fn quick_start(tree: &Tree) -> Vec<String> {
    let example = |file| {
        let (_, rest) = tree.text(file)?.split_once("\n```rust")?;
        rest.split_once('\n')?.1.split("\n```").next()
    };
    let facade = "crates/vendor-auth/README.md";
    let is_stale = example("README.md") != example(facade);
    let stale = is_stale.then(|| format!("README.md: copy the first example of {facade}"));
    stale.into_iter().collect()
}

fn findings(path: &str, text: &str) -> Vec<String> {
    let mut code = None;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", index + 1);
        if let Some(language) = line.strip_prefix("```") {
            code = code.is_none().then_some(language);
        } else if let Some(language) = code {
            if language.starts_with("rust") && is_hidden(line) {
                found.push(format!("{place}: show this line: only rustdoc hides it"));
            }
        } else if let Some(link) = unresolved(line, text) {
            let advice = "add `[label]: https://docs.rs/…` at the end";
            found.push(format!("{place}: `{link}`: {advice}"));
        }
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
        let target = after
            .strip_prefix('(')
            .and_then(|after| after.split(')').next());
        let by_path = target.is_some_and(|target| target.contains("::"));
        let by_name = label.starts_with('`')
            && !after.starts_with('(')
            && !text.contains(&format!("\n[{label}]: "));
        (by_path || by_name).then_some(label)
    })
}
