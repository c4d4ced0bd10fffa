//! A TOML document that knows where each of its keys is written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::failure::Failure;

/// A document, from which sections are taken.
pub(crate) struct Document<'a> {
    path: &'a Path,
    text: &'a str,
    table: DeTable<'a>,
}

/// A table of the document.
pub(crate) type Table<'a> = Spanned<DeTable<'a>>;

/// Something in the document that is wrong: its key, its line, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    key: String,
    line: Option<usize>,
    why: String,
}

/// The lines on which the keys of one section are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    section: String,
    first: Option<usize>,
    keys: BTreeMap<String, usize>,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(path: &'a Path, text: &'a str) -> Result<Self, Failure> {
        let table = DeTable::parse(text)
            .map_err(|error| Mistake::of_toml(text, "the document", &error).in_file(path))?;
        Ok(Self {
            path,
            text,
            table: table.into_inner(),
        })
    }

    /// Returns the variables of each `{ env = "NAME" }`.
    pub(crate) fn secret_variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        add_variables(&self.table, &mut names);
        names
    }

    /// Returns all of it.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the file.
    pub(crate) fn path(&self) -> &Path {
        self.path
    }

    /// Takes a section of settings, and the lines of its keys. It may be left out.
    pub(crate) fn section<T: Default + DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<(T, Lines), Failure> {
        let Some(value) = self.table.remove(name) else {
            let lines = Lines {
                section: name.to_owned(),
                ..Lines::default()
            };
            return Ok((T::default(), lines));
        };
        let table = self.as_table(name, value)?;
        let lines = self.lines(name, &table);
        Ok((self.read(name, table)?, lines))
    }

    /// Takes the tables of the profiles, with their names.
    pub(crate) fn take_profiles(&mut self) -> Result<Vec<(String, Table<'a>)>, Failure> {
        let Some(value) = self.table.remove("profiles") else {
            return Ok(Vec::new());
        };
        let profiles = self.as_table("profiles", value)?.into_inner();
        let named = profiles.into_iter().map(|(name, value)| {
            let name = name.into_inner().into_owned();
            let table = self.as_table(&format!("profiles.{name}"), value)?;
            Ok((name, table))
        });
        named.collect()
    }

    /// Refuses the sections that nobody took.
    pub(crate) fn refuse_others(&self, known: &[&str]) -> Result<(), Failure> {
        let Some((name, _)) = self.table.iter().next() else {
            return Ok(());
        };
        let sections: Vec<_> = known.iter().map(|name| format!("`[{name}]`")).collect();
        let why = format!("is not a section; there are {}", sections.join(", "));
        let mistake = Mistake {
            key: name.get_ref().to_string(),
            line: Some(self.line(&name.span())),
            why,
        };
        Err(mistake.in_file(self.path))
    }

    /// Reads a table into a type of settings.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        section: &str,
        table: Table<'a>,
    ) -> Result<T, Failure> {
        let places = Places::of(section, &table);
        T::deserialize(Deserializer::from(table)).map_err(|error| {
            let key = error.span().and_then(|span| places.key_at(&span));
            let key = key.unwrap_or_else(|| section.to_owned());
            Mistake::of_toml(self.text, &key, &error).in_file(self.path)
        })
    }

    /// Returns the lines of the keys of a table.
    pub(crate) fn lines(&self, section: &str, table: &Table<'_>) -> Lines {
        let keys = table.get_ref().iter();
        let keys = keys.map(|(key, _)| (key.get_ref().to_string(), self.line(&key.span())));
        Lines {
            section: section.to_owned(),
            first: Some(self.line(&table.span())),
            keys: keys.collect(),
        }
    }

    /// Returns the failure of a mistake in this document.
    pub(crate) fn mistake(&self, mistake: &Mistake) -> Failure {
        mistake.in_file(self.path)
    }

    pub(super) fn as_table(
        &self,
        name: &str,
        value: Spanned<DeValue<'a>>,
    ) -> Result<Table<'a>, Failure> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Ok(Spanned::new(span, table)),
            _ => {
                let mistake = Mistake {
                    key: name.to_owned(),
                    line: Some(self.line(&span)),
                    why: format!("must be a table; write `[{name}]`"),
                };
                Err(mistake.in_file(self.path))
            }
        }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        line_of(self.text, span.start)
    }
}

impl Mistake {
    /// A mistake that the TOML parser or serde found.
    fn of_toml(text: &str, key: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| line_of(text, span.start));
        let why = error.message().trim_end().replace('\n', "; ");
        let missing = why.strip_prefix("missing field `");
        let (key, why) = match missing.and_then(|rest| rest.strip_suffix('`')) {
            Some(field) => (format!("{key}.{field}"), is_missing(field)),
            None => (key.to_owned(), why),
        };
        Self { key, line, why }
    }

    /// Returns what is printed.
    pub(crate) fn in_file(&self, path: &Path) -> Failure {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        Failure::config(format!(
            "{}{line}: `{}`: {}",
            path.display(),
            self.key,
            self.why
        ))
    }
}

impl Lines {
    /// Returns the section that the keys are in.
    pub(crate) fn section(&self) -> &str {
        &self.section
    }

    /// Returns the first written key of which this is true.
    pub(crate) fn find(&self, is_it: impl Fn(&str) -> bool) -> Option<&str> {
        self.keys.keys().map(String::as_str).find(|key| is_it(key))
    }

    /// Returns the line of a key such as `url` or `sealing.key`.
    fn line_of(&self, key: &str) -> Option<usize> {
        let first = key.split('.').next()?;
        self.keys.get(first).copied()
    }

    /// Returns whether this key is written.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Returns the mistake that the section itself has.
    pub(crate) fn of_section(&self, why: impl Into<String>) -> Mistake {
        Mistake {
            key: self.section.clone(),
            line: self.first,
            why: why.into(),
        }
    }

    /// Returns the mistake that this key has; the section's if the key is not written.
    pub(crate) fn mistake(&self, key: &str, why: impl Into<String>) -> Mistake {
        Mistake {
            key: format!("{}.{key}", self.section),
            line: self.line_of(key).or(self.first),
            why: why.into(),
        }
    }
}

/// Where the keys of a table are, at any depth.
struct Places(Vec<(Range<usize>, String)>);

impl Places {
    fn of(section: &str, table: &Table<'_>) -> Self {
        let mut places = Self(Vec::new());
        places.add(section, table.get_ref());
        places
    }

    fn add(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = format!("{path}.{}", key.get_ref());
            let span = key.span().start..value.span().end.max(key.span().end);
            if let DeValue::Table(inner) = value.get_ref() {
                self.add(&path, inner);
            }
            self.0.push((span, path));
        }
    }

    /// Returns the innermost key at this place.
    fn key_at(&self, span: &Range<usize>) -> Option<String> {
        let around = self
            .0
            .iter()
            .filter(|(place, _)| place.contains(&span.start));
        let innermost = around.min_by_key(|(place, _)| place.len());
        innermost.map(|(_, path)| path.clone())
    }
}

fn add_variables(table: &DeTable<'_>, names: &mut Vec<String>) {
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(inner) => add_variables(inner, names),
            DeValue::String(name) if key.get_ref() == "env" => names.push(name.to_string()),
            _ => {}
        }
    }
}

/// Returns what is said of a key that is needed and not written.
pub(super) fn is_missing(key: &str) -> String {
    match key.ends_with("secret") {
        true => format!("is missing; write {key} = {{ env = \"NAME\" }}"),
        false => format!("is missing; write {key} = …"),
    }
}

/// Returns the path that a document means: `~/` is the home directory, and a relative path is
/// relative to the document's own directory.
pub(crate) fn resolve(document: &Path, path: &Path) -> PathBuf {
    if let (Ok(rest), Some(home)) = (path.strip_prefix("~"), std::env::home_dir()) {
        return home.join(rest);
    }
    match document.parent() {
        Some(directory) => directory.join(path),
        None => path.to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
