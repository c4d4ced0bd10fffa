//! The template of a vendor, in `templates/vendor`, filled for one name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::workspace::{Workspace, read};

/// A template of `cargo generate` too, so a crate that is written from it stands alone.
const FILES: &str = "templates/vendor/";
/// The manifest in this workspace: the one file that differs.
const MANIFEST: &str = "xtask/templates/Cargo.toml.in";
const SHARED_LINES: &str = "xtask/templates/shared_lines.toml";
const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// `big-corp-auth` is the crate, `big_corp_auth` its identifier, `big-corp` the feature,
/// `big_corp` the facade's module, `BigCorp` the endpoint's type.
#[derive(Debug)]
pub(crate) struct Template {
    placeholders: [(&'static str, String); 5],
}

/// Files by their path in the crate.
pub(crate) type Files = BTreeMap<String, String>;

impl Template {
    /// Returns the template for a new crate.
    pub(crate) fn of(package: &str) -> Result<Self> {
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_word = |word: &str| !word.is_empty() && word.chars().all(is_letter);
        ensure!(
            package.split('-').all(is_word) && !package.starts_with(|c: char| c.is_ascii_digit()),
            "`{package}` is not a crate's name: write it like `acme-auth`"
        );
        let feature = package.strip_suffix("-auth").unwrap_or(package);
        Ok(Self {
            placeholders: [
                ("{{project-name}}", package.to_owned()),
                ("{{crate_name}}", package.replace('-', "_")),
                ("{{feature}}", feature.to_owned()),
                ("{{module}}", feature.replace('-', "_")),
                ("{{Type}}", feature.split('-').map(capitalized).collect()),
            ],
        })
    }

    /// Returns the files of a crate outside of this workspace.
    pub(crate) fn stand_alone(&self, workspace: &Workspace) -> Result<Files> {
        let mut files = Files::new();
        for path in workspace.files()? {
            let file = path.strip_prefix(FILES);
            if let Some(file) = file.and_then(|file| file.strip_suffix(".liquid")) {
                files.insert(file.to_owned(), self.filled(&workspace.read(&path)?)?);
            }
        }
        Ok(files)
    }

    /// Returns the files of a crate of this workspace.
    pub(crate) fn in_tree(&self, workspace: &Workspace) -> Result<Files> {
        let mut files = self.stand_alone(workspace)?;
        let manifest = self.filled(&workspace.read(MANIFEST)?)?;
        files.insert("Cargo.toml".to_owned(), manifest);
        files.remove(".gitignore"); // the root's is enough
        for licence in LICENCES {
            files.insert(licence.to_owned(), workspace.read(licence)?);
        }
        Ok(files)
    }

    /// Returns texts to add to shared files: the file, the text that it comes after, and the text.
    pub(super) fn shared_lines(&self, workspace: &Workspace) -> Result<Vec<[String; 3]>> {
        let table: toml::Table = self.filled(&workspace.read(SHARED_LINES)?)?.parse()?;
        let lines = table.get("line").and_then(|lines| lines.as_array());
        let lines = lines.into_iter().flatten();
        let field = |line: &toml::Value, name| Some(line.get(name)?.as_str()?.to_owned());
        let fields = lines.map(|line| ["file", "after", "text"].map(|name| field(line, name)));
        let found = fields.map(|[file, after, text]| Some([file?, after?, text?]));
        found
            .collect::<Option<_>>()
            .context("a shared line lacks a field")
    }

    fn filled(&self, text: &str) -> Result<String> {
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        let filled = self.placeholders.iter().fold(text.to_owned(), fill);
        ensure!(
            !filled.contains("{{"),
            "a placeholder is not known: {filled}"
        );
        Ok(filled)
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// Writes the files into a new folder, and formats them there.
pub(super) fn write(workspace: &Workspace, files: Files, folder: &Path) -> Result<()> {
    ensure!(!folder.exists(), "{} exists already", folder.display());
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    let mut fmt = workspace.cargo("fmt --manifest-path");
    read(fmt.arg(folder.join("Cargo.toml"))).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_crates_name() {
        let all = "{{project-name}} {{crate_name}} {{feature}} {{module}} {{Type}}";
        let filled = Template::of("big-corp2-auth").unwrap().filled(all).unwrap();
        assert_eq!(
            filled,
            "big-corp2-auth big_corp2_auth big-corp2 big_corp2 BigCorp2"
        );
    }

    #[test]
    fn what_is_not_a_crates_name_is_refused() {
        let names = " Acme acme_auth -auth acme--auth 7up-auth ../x a/b";
        for name in names.split(' ') {
            assert!(Template::of(name).is_err(), "{name}");
        }
    }
}
