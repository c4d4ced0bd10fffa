//! Each rule can fail: a made-up tree that keeps every rule, and changes that break one each.

use toml::{Table, Value};

use super::*;
use crate::new_vendor::Template;

fn data() -> Table {
    let text = include_str!("breakages.toml").replace('~', "");
    text.parse().unwrap()
}

/// What `new-vendor` writes, and what its crate needs around it.
fn good_tree() -> Tree {
    let workspace = Workspace::find().unwrap();
    let template = Template::of("acme-auth").unwrap();
    let files = template.in_tree(&workspace).unwrap().into_iter();
    let mut tree = Tree(
        files
            .map(|(file, text)| (format!("crates/acme-auth/{file}"), text))
            .collect(),
    );
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        tree.0
            .insert(licence.to_owned(), workspace.read(licence).unwrap());
    }
    for (path, text) in data()["good"].as_table().unwrap() {
        tree.0
            .insert(path.clone(), text.as_str().unwrap().to_owned());
    }
    tree
}

fn broken_rules(tree: &Tree) -> Vec<&'static str> {
    let broken = RULES.iter().filter(|rule| !(rule.check)(tree).is_empty());
    broken.map(|rule| rule.name).collect()
}

fn changed(breakage: &Value) -> Tree {
    let field = |name: &str| breakage.get(name).map(|value| value.as_str().unwrap());
    let path = field("file").unwrap().to_owned();
    let times = breakage
        .get("times")
        .map_or(1, |times| times.as_integer().unwrap());
    let with = field("with").map(|with| with.repeat(times.try_into().unwrap()));
    let mut tree = good_tree();
    match (field("replace"), with) {
        (Some(old), with) => {
            let text = tree.0.get_mut(&path).unwrap();
            assert!(text.contains(old), "{path} has no {old}");
            *text = text.replacen(old, &with.unwrap_or_default(), 1);
        }
        (None, Some(new)) => drop(tree.0.insert(path, new)),
        (None, None) => assert!(tree.0.remove(&path).is_some(), "{path}"),
    }
    tree
}

#[test]
fn a_tree_that_keeps_every_rule_is_left_alone() {
    assert_eq!(broken_rules(&good_tree()), [] as [&str; 0]);
}

#[test]
fn each_breakage_is_found_by_its_rule_and_no_other_and_each_rule_has_one() {
    let data = data();
    let mut without: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    for (index, breakage) in data["breakage"].as_array().unwrap().iter().enumerate() {
        let rule = breakage["rule"].as_str().unwrap();
        let expected: Vec<&str> = [rule].into_iter().filter(|rule| *rule != "none").collect();
        assert_eq!(
            broken_rules(&changed(breakage)),
            expected,
            "breakage {index}"
        );
        without.retain(|name| *name != rule);
    }
    assert_eq!(without, [] as [&str; 0]);
}
