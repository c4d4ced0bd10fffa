//! The workspace's text files, so that a rule is a pure function and a made-up tree can break it.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::workspace::Workspace;

/// Text files by their path from the root.
#[derive(Debug, Default, Clone)]
pub(super) struct Tree(pub(super) BTreeMap<String, String>);

/// One crate below `crates/`.
#[derive(Debug)]
pub(super) struct Crate<'a> {
    pub(super) name: &'a str,
    pub(super) manifest: toml::Table,
    tree: &'a Tree,
}

impl Tree {
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let paths = workspace.files()?;
        let texts = paths.into_iter().filter_map(|path| {
            let text = std::fs::read_to_string(workspace.path(&path)).ok()?;
            Some((path, text))
        });
        Ok(Self(texts.collect()))
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (&**path, &**text))
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// Returns the crates whose manifest is TOML; cargo complains about others.
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

    /// Returns the lines of all files for which `is_bad` holds.
    pub(super) fn bad_lines(&self, advice: &str, is_bad: fn(&str, &str) -> bool) -> Vec<String> {
        let lines = self.files().flat_map(|(path, text)| {
            let numbered = text.lines().enumerate();
            numbered.map(move |(index, line)| (path, index + 1, line))
        });
        let bad = lines.filter(|(path, _, line)| is_bad(path, line));
        bad.map(|(path, number, _)| format!("{path}:{number}: {advice}"))
            .collect()
    }
}

impl Crate<'_> {
    pub(super) fn path(&self, file: &str) -> String {
        format!("crates/{}/{file}", self.name)
    }

    pub(super) fn text(&self, file: &str) -> Option<&str> {
        self.tree.text(&self.path(file))
    }

    pub(super) fn is_published(&self) -> bool {
        self.package("publish").and_then(toml::Value::as_bool) != Some(false)
    }

    /// Returns a value of `[package]`.
    pub(super) fn package(&self, name: &str) -> Option<&toml::Value> {
        self.manifest.get("package")?.get(name)
    }

    /// Returns the files in `src`, with their paths from the root.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        let folder = self.path("src/");
        let rust = self.tree.rust();
        rust.filter(move |(path, _)| path.starts_with(&folder))
    }

    /// Returns the dependencies of one kind, those of single platforms too.
    pub(super) fn dependencies(&self, kind: &str) -> Vec<(&str, &toml::Value)> {
        let targets = self.manifest.get("target").and_then(toml::Value::as_table);
        let targets = targets.into_iter().flatten();
        let tables = targets.map(|(_, target)| target.get(kind));
        let tables = tables.chain([self.manifest.get(kind)]).flatten();
        let all = tables.filter_map(toml::Value::as_table).flatten();
        all.map(|(key, value)| {
            let package = value.get("package").and_then(toml::Value::as_str);
            (package.unwrap_or(key), value)
        })
        .collect()
    }
}

/// Returns what comes before a file's tests, which come last.
pub(super) fn production<'a>(path: &str, text: &'a str) -> &'a str {
    if is_test_file(path) {
        return "";
    }
    let begins = ["\n#[cfg(test)]\nmod tests", "\n#[cfg(all(test"];
    let ends = begins.iter().filter_map(|begin| text.find(begin));
    ends.min().and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Returns whether a file holds nothing but tests.
pub(super) fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
}

/// Returns the lines that are code, with their numbers and without comments and quoted text.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let numbered = text.lines().enumerate();
    let code = numbered.map(|(index, line)| (index + 1, unquoted(without_comment(line))));
    code.filter(|(_, line)| !line.trim().is_empty())
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.split_once(" // ").map_or(line, |(code, _)| code)
}

fn unquoted(line: &str) -> String {
    let plain = line.replace("\\\"", "").replace("'\"'", "");
    plain.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}
