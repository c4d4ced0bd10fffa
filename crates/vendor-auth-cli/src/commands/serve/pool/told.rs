//! What people are told about the token of an account.

use vendor_auth::types::Timestamp;
use vendor_auth::{Error, ErrorKind};

use crate::config::profile::Profile;
use crate::failure::Failure;

/// Returns what happened to the token of an account, and what to do.
pub(super) fn text_of(pool: &Profile, account: &str, error: &Error) -> String {
    let log_in_again = match error.kind() {
        ErrorKind::Rejected => log_in_again(pool, account),
        _ => String::new(),
    };
    let name = format!("{}/{account}", pool.name);
    Failure::of_kind_only(&name, error, &log_in_again).to_string()
}

/// Returns that the grant of an account ends, and what to do before.
pub(super) fn grant_ends(pool: &Profile, account: &str, at: Timestamp) -> String {
    let how = log_in_again(pool, account);
    format!(
        "{}/{account}: the grant ends at {at}; log in again{how}",
        pool.name
    )
}

fn log_in_again(pool: &Profile, account: &str) -> String {
    let profile = pool.of_account(account);
    profile.map(|it| it.log_in_again()).unwrap_or_default()
}
