//! The files of the workspace as texts, so that a rule is a pure function and a made-up tree can
//! break it.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::crate_graph;
use crate::workspace::Workspace;

/// Text files by their path from the root.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tree(BTreeMap<String, String>);

/// One crate below `crates/`.
#[derive(Debug)]
pub(super) struct Crate<'a> {
    pub(super) name: &'a str,
    pub(super) manifest: toml::Table,
    tree: &'a Tree,
}

impl Tree {
    /// The files that are committed or could be.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let paths = workspace.files()?;
        let texts = paths.into_iter().filter_map(|path| {
            let text = std::fs::read_to_string(workspace.path(&path)).ok()?;
            Some((path, text))
        });
        Ok(Self(texts.collect()))
    }

    /// How many files.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Every Rust file.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// Every crate below `crates/`. One whose manifest cannot be read is left to cargo to complain
    /// about.
    pub(super) fn crates(&self) -> impl Iterator<Item = Crate<'_>> {
        self.files().filter_map(|(path, text)| {
            let name = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
            let manifest = text.parse().ok()?;
            Some(Crate {
                name,
                manifest,
                tree: self,
            })
        })
    }

    #[cfg(test)]
    pub(super) fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.to_owned());
        self
    }

    #[cfg(test)]
    pub(super) fn without(mut self, path: &str) -> Self {
        self.0.remove(path);
        self
    }
}

impl Crate<'_> {
    pub(super) fn path(&self, file: &str) -> String {
        format!("crates/{}/{file}", self.name)
    }

    pub(super) fn manifest_path(&self) -> String {
        self.path("Cargo.toml")
    }

    pub(super) fn text(&self, file: &str) -> Option<&str> {
        self.tree.text(&self.path(file))
    }

    pub(super) fn is_vendor(&self) -> bool {
        crate_graph::is_vendor(self.name)
    }

    pub(super) fn is_published(&self) -> bool {
        self.package("publish").and_then(toml::Value::as_bool) != Some(false)
    }

    /// A value of `[package]`.
    pub(super) fn package(&self, name: &str) -> Option<&toml::Value> {
        self.manifest.get("package")?.get(name)
    }

    /// The Rust files of what is published, each with its path.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        let prefix = self.path("src/");
        self.tree
            .rust()
            .filter(move |(path, _)| path.starts_with(&prefix))
    }

    /// The dependencies of one kind (`dependencies`, `dev-dependencies`), those of single platforms
    /// too.
    pub(super) fn dependencies(&self, kind: &str) -> Vec<(&str, &toml::Value)> {
        let platforms = self.manifest.get("target").and_then(toml::Value::as_table);
        let platforms = platforms.into_iter().flat_map(|table| table.values());
        let tables = platforms
            .chain([])
            .map(|table| table.get(kind))
            .chain([self.manifest.get(kind)]);
        let tables = tables.flatten().filter_map(toml::Value::as_table);
        tables
            .flat_map(|table| {
                table
                    .iter()
                    .map(|(name, value)| (package_name(name, value), value))
            })
            .collect()
    }
}

/// A file's production part: what comes before its tests, which come last. Nothing of a file that
/// is all tests.
pub(super) fn production<'a>(path: &str, text: &'a str) -> &'a str {
    if is_test_file(path) {
        return "";
    }
    let begins = ["\n#[cfg(test)]\nmod tests", "\n#[cfg(all(test"];
    let end = begins
        .iter()
        .filter_map(|begin| text.find(begin))
        .min()
        .unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// Whether a file holds nothing but tests.
pub(super) fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
}

/// The lines that are code, with their numbers: comments, documentation and what is between quotes
/// are left out.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let numbered = text.lines().enumerate();
    let code = numbered.map(|(index, line)| (index + 1, outside_quotes(before_comment(line))));
    code.filter(|(_, line)| !line.trim().is_empty())
}

fn before_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.split_once(" // ").map_or(line, |(code, _)| code)
}

fn outside_quotes(line: &str) -> String {
    let escaped_away = line.replace("\\\"", "").replace("'\"'", "");
    escaped_away
        .split('"')
        .step_by(2)
        .collect::<Vec<_>>()
        .join("\"\"")
}

fn package_name<'a>(name: &'a str, value: &'a toml::Value) -> &'a str {
    value
        .get("package")
        .and_then(toml::Value::as_str)
        .unwrap_or(name)
}
