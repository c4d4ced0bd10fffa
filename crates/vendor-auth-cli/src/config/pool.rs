//! A profile that is a pool: the template of one token for each account.

mod placement;

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(crate) use self::placement::PLACE;
pub(super) use self::placement::check as check_places;

/// An account that nobody has, to see what accounts have in common.
pub(crate) const SAMPLE: &str = "an-account-of-this-pool";
/// The longest name of an account.
const LONGEST: usize = 128;

/// `[profiles.NAME.pool]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoolSettings {
    /// The accounts, one on each line. Default: those that have a secret, or a login.
    pub(crate) accounts_file: Option<PathBuf>,
    /// How many accounts are in memory.
    pub(crate) max_in_memory: Option<NonZeroUsize>,
    /// How many exchanges are under way at the vendor.
    pub(crate) max_exchanges: Option<NonZeroUsize>,
    /// How fast exchanges start.
    pub(crate) max_rate: Option<Rate>,
    /// Whether tokens are refreshed without traffic.
    #[serde(default = "by_default")]
    pub(crate) keep_fresh: bool,
    /// How long the store is left alone between two looks for what is due there.
    pub(crate) sweep_interval_seconds: Option<NonZeroU64>,
}

/// So many exchanges in so many seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    pub(crate) exchanges: NonZeroU32,
    seconds: NonZeroU32,
}

/// A pool: its settings, and the document that its profile is in, from which the profile of each
/// account is read.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) settings: PoolSettings,
    pub(super) text: String,
}

fn by_default() -> bool {
    true
}

impl Rate {
    pub(crate) fn span(self) -> Duration {
        Duration::from_secs(self.seconds.get().into())
    }
}

/// Puts the account into each place of a profile.
pub(super) fn fill(table: &mut Spanned<DeTable<'_>>, account: &str) {
    fill_table(table.get_mut(), account);
}

fn fill_table(table: &mut DeTable<'_>, account: &str) {
    for (_, value) in table {
        fill_value(value.get_mut(), account);
    }
}

fn fill_value(value: &mut DeValue<'_>, account: &str) {
    match value {
        DeValue::String(text) if text.contains(PLACE) => {
            *text = text.replace(PLACE, account).into();
        }
        DeValue::Table(table) => fill_table(table, account),
        DeValue::Array(values) => {
            let values = values.iter_mut();
            values.for_each(|value| fill_value(value.get_mut(), account));
        }
        _ => {}
    }
}

/// Returns whether this may be the name of an account. It is put into the names of files and
/// variables, into arguments and scopes, and must not lead elsewhere there.
pub(crate) fn is_account(name: &str) -> bool {
    let is_usual = |letter: u8| letter.is_ascii_alphanumeric() || b"-._~@+:=".contains(&letter);
    let first = name.bytes().next();
    first.is_some_and(|letter| letter.is_ascii_alphanumeric())
        && name.len() <= LONGEST
        && name.bytes().all(is_usual)
}

/// What [`is_account`] accepts.
pub(crate) const ACCOUNTS: &str =
    "1 to 128 letters, digits and `-._~@+:=`, of which the first is a letter or a digit";

/// Adds the environment variables that a pool's secrets are in.
pub(super) fn with_those_of_accounts(names: Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    for name in names {
        let Some((before, after)) = name.split_once(PLACE) else {
            all.push(name);
            continue;
        };
        let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        all.extend(variables.filter(|it| it.starts_with(before) && it.ends_with(after)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_leads_nowhere_else_whatever_it_is_put_into() {
        for name in ["acme", "17", "a.b@example.com", "org:17", "A_b-c=d~e+f"] {
            assert!(is_account(name), "{name}");
        }
        let others = [
            "",
            ".",
            "..",
            ".acme",
            "-o",
            "a/b",
            "a\\b",
            "a b",
            "a\nb",
            "a\0",
            "ä",
            "$HOME",
            "a%2fb",
            "{account}",
            "a&b",
            "a#b",
            "a?b",
        ];
        for name in others {
            assert!(!is_account(name), "{name:?}");
        }
        assert!(is_account(&"a".repeat(128)) && !is_account(&"a".repeat(129)));
    }
}
