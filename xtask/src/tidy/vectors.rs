//! Vectors are data files, one folder a case, with the document that they come from.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Finding;
use super::tree::Tree;

pub(super) fn have_a_source(tree: &Tree) -> Vec<Finding> {
    let mut cases: BTreeMap<&str, bool> = BTreeMap::new();
    for (path, text) in tree.files().filter(|(path, _)| path.starts_with("crates/")) {
        if let Some((case, file)) = case_and_file(path) {
            *cases.entry(case).or_default() |= names_a_source(file, text);
        }
    }
    let without = cases.into_iter().filter(|(_, has_source)| !has_source);
    let advice = "say in the case's JSON which document it comes from: `\"source\": \"…\"`";
    without
        .map(|(case, _)| Finding::new(case, advice))
        .collect()
}

/// `crates/x/tests/data/<case>/<file>`; what lies deeper belongs to its case.
fn case_and_file(path: &str) -> Option<(&str, &str)> {
    let begin = path.find("/tests/data/")? + "/tests/data/".len();
    let end = begin + path.get(begin..)?.find('/')?;
    Some((path.get(..end)?, path.get(end + 1..)?))
}

fn names_a_source(file: &str, text: &str) -> bool {
    if !file.ends_with(".json") {
        return file.starts_with("source") && !text.trim().is_empty();
    }
    let document: Option<Value> = serde_json::from_str(text).ok();
    let source = document
        .as_ref()
        .and_then(|document| document.get("source")?.as_str());
    source.is_some_and(|source| !source.trim().is_empty())
}
