//! The template of a vendor, in `xtask/templates`, filled for one name.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::workspace::{Workspace, read};

const FILES: &str = "xtask/templates/vendor/";
const SHARED_LINES: &str = "xtask/templates/shared_lines.toml";
const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// `big-corp-auth` is the crate, `big_corp_auth` its identifier, `big-corp` the feature,
/// `big_corp` the facade's module, `BigCorp` the endpoint's type.
#[derive(Debug)]
pub(crate) struct Template {
    package: String,
    placeholders: [(&'static str, String); 5],
}

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
            package: package.to_owned(),
            placeholders: [
                ("{{crate}}", package.to_owned()),
                ("{{ident}}", package.replace('-', "_")),
                ("{{feature}}", feature.to_owned()),
                ("{{module}}", feature.replace('-', "_")),
                ("{{Type}}", feature.split('-').map(capitalized).collect()),
            ],
        })
    }

    /// Writes the crate.
    pub(super) fn write(&self, workspace: &Workspace) -> Result<()> {
        let folder = workspace.path("crates").join(&self.package);
        ensure!(!folder.exists(), "{} exists already", folder.display());
        for (file, text) in self.files(workspace)? {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            fs::write(path, text)?;
        }
        read(&mut workspace.cargo(&format!("fmt --package {}", self.package)))?;
        Ok(())
    }

    /// Returns the files of the crate, with their paths in it.
    pub(crate) fn files(&self, workspace: &Workspace) -> Result<Vec<(String, String)>> {
        let mut files = Vec::new();
        for path in workspace.files()? {
            if let Some(file) = path.strip_prefix(FILES) {
                let text = self.filled(&workspace.read(&path)?)?;
                files.push((file.trim_end_matches(".in").to_owned(), text));
            }
        }
        for licence in LICENCES {
            files.push((licence.to_owned(), workspace.read(licence)?));
        }
        Ok(files)
    }

    /// Returns texts to add to shared files: the file, the text that it comes after, and the text.
    pub(super) fn shared_lines(&self, workspace: &Workspace) -> Result<Vec<[String; 3]>> {
        let table: toml::Table = self.filled(&workspace.read(SHARED_LINES)?)?.parse()?;
        let lines = table
            .get("line")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_crates_name() {
        let all = "{{crate}} {{ident}} {{feature}} {{module}} {{Type}}";
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
