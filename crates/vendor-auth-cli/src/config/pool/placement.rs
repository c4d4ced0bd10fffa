//! Where the name of an account may stand.

use toml::de::{DeTable, DeValue};

use crate::config::document::{Lines, Mistake};

/// What is replaced by the name of the account.
pub(crate) const PLACE: &str = "{account}";

/// The keys whose value may be another one for each account. No URL is among them: a client must
/// not choose where secrets are sent.
const KEYS: [&str; 16] = [
    "access_key",
    "access_secret",
    "account",
    "app_key",
    "app_secret",
    "authorize_parameters",
    "client_id",
    "client_secret",
    "headers",
    "parameters",
    "refresh_scopes",
    "refresh_token",
    "scope",
    "scopes",
    "user_domain",
    "user_domain_secret",
];

/// Refuses places in keys that are the same for all accounts, and in profiles that are no pool.
pub(in crate::config) fn check(
    table: &DeTable<'_>,
    is_pool: bool,
    lines: &Lines,
) -> Result<(), Mistake> {
    for (key, value) in table {
        let (key, value) = (&**key.get_ref(), value.get_ref());
        if !has_place(value) {
            continue;
        }
        let why = match (is_pool, KEYS.contains(&key)) {
            (false, _) => format!(
                "has `{PLACE}`, which only a pool replaces; write pool = {{}} in this profile, or \
                 remove it"
            ),
            (true, false) => format!(
                "has `{PLACE}`, but is the same for all accounts; it may stand in {}",
                KEYS.join(", ")
            ),
            (true, true) if runs_place(value) => {
                format!("has `{PLACE}` in the name of the program; write it in an argument")
            }
            (true, true) => continue,
        };
        return Err(lines.mistake(key, why));
    }
    Ok(())
}

/// Returns whether the account would be the program that is run.
fn runs_place(value: &DeValue<'_>) -> bool {
    let command = match value {
        DeValue::Table(table) => table.get("command").map(toml::Spanned::get_ref),
        _ => None,
    };
    match command {
        Some(DeValue::Array(command)) => {
            let program = command.first();
            program.is_some_and(|program| has_place(program.get_ref()))
        }
        _ => false,
    }
}

fn has_place(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::String(text) => text.contains(PLACE),
        DeValue::Array(values) => values.iter().any(|value| has_place(value.get_ref())),
        DeValue::Table(table) => table.iter().any(|(_, value)| has_place(value.get_ref())),
        _ => false,
    }
}
