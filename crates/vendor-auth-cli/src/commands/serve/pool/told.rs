//! What people are told about the token of an account.

use vendor_auth::{Error, ErrorKind};

use crate::config::profile::Profile;
use crate::failure::Failure;

/// Returns what happened to the token of an account, and what to do.
pub(super) fn text_of(pool: &Profile, account: &str, error: &Error) -> String {
    let log_in_again = match error.kind() {
        ErrorKind::Rejected => {
            let profile = pool.of_account(account);
            profile.map(|it| it.log_in_again()).unwrap_or_default()
        }
        _ => String::new(),
    };
    let name = format!("{}/{account}", pool.name);
    Failure::of_kind_only(&name, error, &log_in_again).to_string()
}
