use std::fmt;

use token_core::{BaseUrl, BuildError, PlainHttp, Secret};

use super::endpoint::AccessKey;

/// Puts an [`AccessKey`] together.
#[must_use]
pub struct AccessKeyBuilder {
    base_url: String,
    plain_http: PlainHttp,
    access_key: String,
    access_secret: Secret,
    scope: String,
    client_id: Option<String>,
}

#[derive(Clone)]
pub(super) struct Config {
    pub(super) base: BaseUrl,
    pub(super) access_key: String,
    pub(super) access_secret: Secret,
    pub(super) scope: String,
    pub(super) client_id: Option<String>,
}

impl AccessKeyBuilder {
    pub(super) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            plain_http: PlainHttp::Refused,
            access_key: String::new(),
            access_secret: Secret::from(""),
            scope: String::new(),
            client_id: None,
        }
    }

    /// The AccessKey, from the developer centre's "SaaS Development" page. It names the grant and is no secret.
    pub fn access_key(mut self, access_key: impl Into<String>) -> Self {
        self.access_key = access_key.into();
        self
    }

    /// The AccessSecret that was shown when the AccessKey was made.
    pub fn access_secret(mut self, access_secret: impl Into<Secret>) -> Self {
        self.access_secret = access_secret.into();
        self
    }

    /// What the token may do, words with spaces between them such as `userinfo tls ota`. Left out, the vendor gives everything.
    /// Tokens of different scopes are different grants.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// A free name for this client, sent with the login; the older page "Authorization API" has it.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Takes an `http://` address too. It sends the token in the clear: for a simulator or a tunnel.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// The finished endpoint.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where the key or the secret is missing, the key has a character that its signature could not tell from the
    /// next field's, or the base URL is none.
    pub fn build(self) -> Result<AccessKey, BuildError> {
        let base = BaseUrl::parse(&self.base_url, self.plain_http)?;
        if self.access_key.is_empty() {
            return Err(BuildError::missing("access_key"));
        }
        if !self.access_key.bytes().all(is_plain) {
            return Err(BuildError::invalid(
                "access_key",
                "must be letters, digits, `-`, `_`, `.`",
            ));
        }
        if self.access_secret.is_empty() {
            return Err(BuildError::missing("access_secret"));
        }
        Ok(AccessKey::new(Config {
            base,
            access_key: self.access_key,
            access_secret: self.access_secret,
            scope: self.scope.split_whitespace().collect::<Vec<_>>().join(" "),
            client_id: self.client_id,
        }))
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

impl fmt::Debug for AccessKeyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessKeyBuilder({})", self.access_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Region;

    fn builder(base_url: impl AsRef<str>) -> AccessKeyBuilder {
        AccessKey::builder(base_url)
            .access_key("AK-1")
            .access_secret("secret-of-ak-1")
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let field = |builder: AccessKeyBuilder| builder.build().unwrap_err().field();
        assert_eq!(field(AccessKey::builder(Region::China)), "access_key");
        assert_eq!(
            field(AccessKey::builder(Region::China).access_key("AK-1")),
            "access_secret"
        );
        assert_eq!(
            field(builder(Region::China).access_key("AK&timestamp=1")),
            "access_key"
        );
        assert_eq!(field(builder("iot-api.quectelcn.com")), "base_url");
    }

    // FAULTS.md row 31
    #[test]
    fn plain_http_is_refused_unless_it_is_named() {
        assert!(builder("http://127.0.0.1:8080").build().is_err());
        assert!(
            builder("http://127.0.0.1:8080")
                .allow_plain_http()
                .build()
                .is_ok()
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let builder = builder(Region::Europe);
        let shown = format!("{builder:?} {builder:#?}");
        assert!(!shown.contains("secret-of"), "{shown}");
        let endpoint = builder.build().unwrap();
        let shown = format!("{endpoint:?} {endpoint:#?}");
        assert!(shown.contains("AK-1") && !shown.contains("secret-of"), "{shown}");
    }
}
