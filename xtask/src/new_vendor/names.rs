//! The names that follow from a crate's name.

use anyhow::{Result, bail};

/// `acme-auth` is the crate, `acme` the feature, `Acme` the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) package: String,
    pub(super) feature: String,
}

impl Names {
    /// The names of a new crate.
    ///
    /// # Errors
    ///
    /// Where it is not made of small letters, digits and single dashes, or has no letter first.
    pub(super) fn of(package: &str) -> Result<Self> {
        let words: Vec<&str> = package.split('-').collect();
        let is_word = |word: &&str| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !words.iter().all(is_word) || !package.starts_with(|c: char| c.is_ascii_lowercase()) {
            bail!("`{package}` is no name for a crate: write it like `acme-auth`");
        }
        let feature = package.strip_suffix("-auth").unwrap_or(package);
        Ok(Self {
            package: package.to_owned(),
            feature: feature.to_owned(),
        })
    }

    /// The crate as Rust writes it.
    pub(super) fn package_ident(&self) -> String {
        self.package.replace('-', "_")
    }

    /// The feature as Rust writes it: the facade's module.
    pub(super) fn module(&self) -> String {
        self.feature.replace('-', "_")
    }

    /// The endpoint's type.
    pub(super) fn type_name(&self) -> String {
        self.feature.split('-').map(capitalized).collect()
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_crates_name() {
        let names = Names::of("big-corp2-auth").unwrap();
        assert_eq!(
            (names.feature.as_str(), names.module().as_str()),
            ("big-corp2", "big_corp2")
        );
        assert_eq!(
            (names.type_name().as_str(), names.package_ident().as_str()),
            ("BigCorp2", "big_corp2_auth")
        );
        assert_eq!(Names::of("sso").unwrap().feature, "sso");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in [
            "",
            "Acme",
            "acme_auth",
            "-auth",
            "acme--auth",
            "7up-auth",
            "../x",
            "acme/auth",
        ] {
            assert!(Names::of(name).is_err(), "{name}");
        }
    }
}
