//! What a vendor's settings are read with: the secrets, and mistakes with their places.

use std::cell::RefCell;
use std::path::Path;

use vendor_auth::{BuildError, Secret};

use super::document::{Lines, Mistake, is_missing};
use super::secret::SecretSource;

/// What an endpoint is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// The secrets of the profile.
    Read,
    /// None: the endpoint only names the grant, and sends nothing. No password manager asks
    /// anything.
    Omitted,
}

/// Reads the secrets of a profile.
pub(crate) struct Reader<'a> {
    pub(super) config: &'a Path,
    pub(super) name: &'a str,
    pub(super) lines: &'a Lines,
    pub(super) allows_plain_http: bool,
    pub(super) has_refresh_token: bool,
    pub(super) credentials: Credentials,
    pub(super) asked_for: RefCell<Vec<(String, SecretSource)>>,
}

impl Reader<'_> {
    /// Reads the secret of this key.
    pub(super) fn secret(&self, key: &str, source: &SecretSource) -> Result<Secret, Mistake> {
        let asked_for = (key.to_owned(), source.clone());
        self.asked_for.borrow_mut().push(asked_for);
        match self.credentials {
            Credentials::Omitted => Ok(Secret::from("omitted")),
            Credentials::Read => source
                .read(self.config)
                .map_err(|why| self.lines.mistake(key, why)),
        }
    }

    pub(super) fn allows_plain_http(&self) -> bool {
        self.allows_plain_http
    }

    /// Returns whether a refresh token from elsewhere begins the grant.
    pub(super) fn has_refresh_token(&self) -> bool {
        self.has_refresh_token
    }

    pub(super) fn profile_name(&self) -> &str {
        self.name
    }

    /// Returns the mistake of a key that is needed and not written.
    pub(super) fn missing(&self, key: &str) -> Mistake {
        self.mistake_at(key, is_missing(key))
    }

    pub(super) fn mistake_at(&self, key: &str, why: impl Into<String>) -> Mistake {
        self.lines.mistake(key, why)
    }

    /// Returns the mistake that a builder found, at the key that this profile has for its field.
    pub(super) fn mistake(&self, error: &BuildError) -> Mistake {
        let keys: &[&str] = match error.field() {
            "base_url" => &["url", "token_url", "domain", "region"],
            "token_path" => &["token_url"],
            "authorize_path" => &["authorize_url"],
            "revocation_path" => &["revocation_url"],
            "introspection_path" => &["introspection_url"],
            other => &[other],
        };
        let written = keys.iter().find(|key| self.lines.has(key));
        let key = written.or(keys.first()).copied().unwrap_or_default();
        let why = match why(error) {
            why if why == "is missing" => is_missing(key),
            why => why.replace("allow_plain_http()", "write allow_plain_http = true"),
        };
        self.lines.mistake(key, why)
    }
}

/// Returns what a builder says about a field, without the field.
pub(crate) fn why(error: &BuildError) -> String {
    let text = error.to_string();
    let field = format!("`{}` ", error.field());
    text.strip_prefix(&field).unwrap_or(&text).to_owned()
}
