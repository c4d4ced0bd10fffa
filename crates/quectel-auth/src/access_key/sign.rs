use token_core::{Secret, Timestamp};

use super::config::Config;
use crate::digest::sha256_hex;

/// The `username` and `password` of one login.
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: Secret,
}

/// `password` is the digest of the plain `username` and the AccessSecret, so both have the fields in one order and the same
/// timestamp. The vendor takes milliseconds within ten minutes of its own clock.
pub(super) fn credentials(config: &Config, now: Timestamp) -> Credentials {
    let username = format!(
        "ver=1&auth_mode=accessKey&sign_method=sha256&access_key={}&timestamp={}",
        config.access_key,
        now.unix_millis()
    );
    let password = sha256_hex(&[&username, config.access_secret.expose()]);
    Credentials { username, password }
}
