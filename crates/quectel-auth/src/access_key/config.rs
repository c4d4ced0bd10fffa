use std::fmt;

use token_core::{BaseUrl, BuildError, PlainHttp, Secret};

use crate::as_issued::{NOT_AS_ISSUED, is_as_issued};

/// The token endpoint of Quectel's SaaS API, for a program with an AccessKey.
///
/// ```
/// use quectel_auth::{AccessKey, Region};
/// use token_core::TokenEndpoint;
///
/// let quectel = AccessKey::builder(Region::Europe)
///     .access_key("24b9zicjuns41H6MDg71AMnP")
///     .access_secret("the AccessSecret")
///     .build()?;
/// assert_eq!(
///     quectel.key().as_str(),
///     "quectel-access-key/iot-api.acceleronix.io/24b9zicjuns41H6MDg71AMnP"
/// );
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// * **Login** signs the key and the time with SHA-256 and can be repeated at any time. The host's
///   clock may be off by up to ten minutes; the engine corrects a larger offset if it knows the
///   server's time.
/// * **Refresh** sends the access token itself, since there is no refresh token. The vendor returns
///   a token younger than 30 minutes unchanged, so the token is not due before that. It expires at
///   the earlier of its JWT's `exp` and `expires_in`.
/// * **Placement**: the token is sent as it was issued, `Authorization: QJWT …`.
/// * **Refusals**: a refused refresh kills the live token
///   ([`Error::kills_live_token`](token_core::Error::kills_live_token)), since the vendor disables
///   it together with the user or the AccessKey. Service failures (50000, 70000) and refused
///   parameters do not.
#[derive(Clone, Debug)]
pub struct AccessKey {
    pub(super) base: BaseUrl,
    pub(super) access_key: String,
    pub(super) access_secret: Secret,
    pub(super) scope: String,
    pub(super) client_id: Option<String>,
}

/// Builds an [`AccessKey`].
#[must_use]
pub struct AccessKeyBuilder {
    base_url: String,
    plain_http: PlainHttp,
    access_key: String,
    access_secret: Secret,
    scope: String,
    client_id: Option<String>,
}

impl AccessKey {
    /// Returns a builder for a [`Region`](crate::Region) or any other base URL.
    pub fn builder(base_url: impl AsRef<str>) -> AccessKeyBuilder {
        AccessKeyBuilder {
            base_url: base_url.as_ref().to_owned(),
            plain_http: PlainHttp::Refused,
            access_key: String::new(),
            access_secret: Secret::from(""),
            scope: String::new(),
            client_id: None,
        }
    }

    /// Returns the base URL.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base
    }
}

impl AccessKeyBuilder {
    /// Sets the AccessKey, from the "SaaS Development" page of the developer centre. It names the
    /// grant and is not secret.
    pub fn access_key(mut self, access_key: impl Into<String>) -> Self {
        self.access_key = access_key.into();
        self
    }

    /// Sets the AccessSecret, which was shown when the AccessKey was created.
    pub fn access_secret(mut self, access_secret: impl Into<Secret>) -> Self {
        self.access_secret = access_secret.into();
        self
    }

    /// Sets the scopes, separated by spaces, such as `userinfo tls ota`. Default: none, and the
    /// vendor grants everything. Tokens with different scopes are different grants.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Sets a name for this client, which is sent with the login. Only the older page
    /// "Authorization API" documents it.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Allows an `http://` base URL, for a simulator or a tunnel. Tokens are then sent in the
    /// clear.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// Builds the endpoint.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the key or the secret is missing, if the key has characters that could be
    /// confused with the next field of the signature, if the secret has surrounding white space or
    /// a control character, or if the base URL is invalid.
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
        if !is_as_issued(&self.access_secret) {
            return Err(BuildError::invalid("access_secret", NOT_AS_ISSUED));
        }
        Ok(AccessKey {
            base,
            access_key: self.access_key,
            access_secret: self.access_secret,
            scope: self.scope.split_whitespace().collect::<Vec<_>>().join(" "),
            client_id: self.client_id,
        })
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

    #[test]
    fn a_secret_with_the_line_end_of_its_file_is_refused() {
        for secret in ["secret-of-ak-1\n", " secret-of-ak-1", "secret\tof-ak-1"] {
            let refused = builder(Region::China).access_secret(secret).build();
            assert_eq!(refused.unwrap_err().field(), "access_secret", "{secret:?}");
        }
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
        assert!(
            shown.contains("AK-1") && !shown.contains("secret-of"),
            "{shown}"
        );
    }
}
