//! The names that follow from a crate's name.

use anyhow::{Result, ensure};

/// `big-corp-auth` is the package, `big_corp_auth` the crate in Rust, `big-corp` the feature,
/// `big_corp` the facade's module, `BigCorp` the endpoint's type.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) package: String,
    pub(super) package_ident: String,
    pub(super) feature: String,
    pub(super) module: String,
    pub(super) type_name: String,
}

impl Names {
    /// Returns the names of a new crate.
    ///
    /// # Errors
    ///
    /// If the name is not made of lower-case letters, digits and single dashes, or does not begin
    /// with a letter.
    pub(super) fn of(package: &str) -> Result<Self> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        ensure!(
            package.split('-').all(is_word)
                && package.starts_with(|c: char| c.is_ascii_lowercase()),
            "`{package}` is not a crate's name: write it like `acme-auth`"
        );
        let feature = package.strip_suffix("-auth").unwrap_or(package);
        Ok(Self {
            package: package.to_owned(),
            package_ident: package.replace('-', "_"),
            feature: feature.to_owned(),
            module: feature.replace('-', "_"),
            type_name: feature.split('-').map(capitalized).collect(),
        })
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
            (&*names.feature, &*names.module),
            ("big-corp2", "big_corp2")
        );
        assert_eq!(
            (&*names.type_name, &*names.package_ident),
            ("BigCorp2", "big_corp2_auth")
        );
        assert_eq!(Names::of("sso").unwrap().feature, "sso");
    }

    #[test]
    fn what_is_not_a_crates_name_is_refused() {
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
