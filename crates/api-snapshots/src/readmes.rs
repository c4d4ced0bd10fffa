//! What front pages say of public APIs: the list of public dependencies, and links to docs.rs.

use std::collections::BTreeMap;

const DOCS: &str = "https://docs.rs/";

/// Returns the public dependencies that a README does not list.
pub(crate) fn unlisted<'a>(readme: &str, api: &'a str) -> Vec<&'a str> {
    let list = readme
        .split_once("\n## Public dependencies")
        .map_or("", |(_, list)| list);
    let list = list.replace('-', "_");
    let stated = api
        .lines()
        .next()
        .unwrap_or_default()
        .rsplit(": ")
        .next()
        .unwrap_or_default();
    let names = stated.split(", ").filter(|name| !name.is_empty());
    names
        .filter(|name| !list.contains(&format!("`{name}`")))
        .collect()
}

/// Returns the links to docs.rs whose item is not in the snapshot of its crate.
pub(crate) fn dead_links<'a>(text: &'a str, apis: &BTreeMap<String, String>) -> Vec<&'a str> {
    let links = text
        .split(DOCS)
        .skip(1)
        .filter_map(|rest| rest.split([')', '\n', ' ']).next());
    let is_dead = |link: &&str| {
        let item = link.split_once("/latest/");
        item.is_some_and(|(name, page)| {
            apis.get(name)
                .is_some_and(|api| !has_item(api, &item_of(page)))
        })
    };
    links.filter(is_dead).collect()
}

/// Returns `a::b::C::d` for `a/b/struct.C.html#method.d`.
fn item_of(page: &str) -> String {
    let (page, anchor) = page.split_once('#').unwrap_or((page, ""));
    let page = page
        .trim_end_matches("/index.html")
        .trim_end_matches(".html");
    let parts = page
        .split('/')
        .chain((!anchor.is_empty()).then_some(anchor));
    let names = parts.map(|part| part.split_once('.').map_or(part, |(_, name)| name));
    names.collect::<Vec<_>>().join("::")
}

fn has_item(api: &str, item: &str) -> bool {
    let words = api.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    words
        .map(|word| word.trim_end_matches(':'))
        .any(|word| word == item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_listed_if_the_section_names_it() {
        let api = "# Public dependencies: http, token_core\n";
        let readme = "`http`\n\n## Public dependencies (semver)\n\n`token-core` 0.1.\n";
        assert_eq!(unlisted(readme, api), ["http"]);
        assert!(unlisted("", "# Public dependencies: \n").is_empty());
    }

    #[test]
    fn a_link_to_an_item_that_is_not_in_the_api_is_dead() {
        let api = "pub struct a::b::C\npub fn a::b::C::d(&self)\npub a::b::C::e: u8\n";
        let apis = BTreeMap::from([("a".to_owned(), api.to_owned())]);
        let dead = |page: &str| dead_links(&format!("({DOCS}{page})"), &apis).len();
        for page in ["a", "other/latest/x", "a/latest/a/b/struct.C.html"] {
            assert_eq!(dead(page), 0, "{page}");
        }
        assert_eq!(dead("a/latest/a/b/struct.C.html#method.d"), 0);
        assert_eq!(dead("a/latest/a/b/struct.C.html#structfield.e"), 0);
        assert_eq!(dead("a/latest/a/b/struct.C.html#method.f"), 1);
        assert_eq!(dead("a/latest/a/b/struct.D.html"), 1);
    }
}
