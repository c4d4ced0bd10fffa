//! The endpoint's type and its builder.

use std::fmt;

use token_core::{BaseUrl, BuildError, PlainHttp, Secret};

use crate::dialect::Dialect;

/// The token endpoint of one person's grant: one developer account at one private cloud.
///
/// ```
/// use privcloud_auth::PrivateCloud;
/// use token_core::TokenEndpoint;
///
/// let cloud = PrivateCloud::builder("https://disk.example.com")
///     .client_id("developer-account-7")
///     .client_secret("the developer account's secret")
///     .account("alice")
///     .build()?;
/// assert_eq!(cloud.key().as_str(), "privcloud/disk.example.com/developer-account-7:alice");
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// * **Login**: none. A grant begins with [`redeem_code`](Self::redeem_code).
/// * **Refresh**: "Refresh token", `POST /api/refreshToken.do`.
/// * **Placement**: `Authorization: Bearer`.
#[derive(Clone, Debug)]
pub struct PrivateCloud {
    pub(crate) base: BaseUrl,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) account: String,
    pub(crate) dialect: Dialect,
}

/// Builds a [`PrivateCloud`].
///
/// ```
/// use privcloud_auth::PrivateCloud;
///
/// let cloud = PrivateCloud::builder("http://disk.lab.example:8080")
///     .allow_plain_http()
///     .client_id("developer-account-7")
///     .client_secret("the developer account's secret")
///     .account("alice")
///     .build()?;
/// # let _ = cloud;
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[must_use]
pub struct PrivateCloudBuilder {
    base_url: String,
    plain_http: PlainHttp,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    account: Option<String>,
    dialect: Dialect,
}

impl PrivateCloud {
    /// Returns a builder for the private cloud at `base_url`, the part before `/api/…`.
    pub fn builder(base_url: impl Into<String>) -> PrivateCloudBuilder {
        PrivateCloudBuilder {
            base_url: base_url.into(),
            plain_http: PlainHttp::default(),
            client_id: None,
            client_secret: None,
            account: None,
            dialect: Dialect::default(),
        }
    }
}

impl PrivateCloudBuilder {
    /// Sets the developer account's id, as shown in the private cloud's admin console. It is not
    /// secret.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets the developer account's secret.
    pub fn client_secret(mut self, client_secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(client_secret.into());
        self
    }

    /// Sets your own name for the person, such as the user name in your system. It names the grant
    /// in stores, logs and metrics, so it must not be secret, and no two people may share one.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Sets the paths, names and codes of this deployment. Default: those of the vendor's
    /// documents.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Allows an `http://` base URL, for a deployment in a network that you trust. The client
    /// secret and the refresh token are then sent in the clear.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// Builds the endpoint.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the client id, the client secret or the account is missing, empty, or has
    /// control characters or surrounding white space; if the client id has a colon, which Basic
    /// cannot encode (RFC 7617 section 2); if the base URL is not `https://` and `http://` was not
    /// allowed; or if the dialect is invalid.
    pub fn build(self) -> Result<PrivateCloud, BuildError> {
        let client_id = self.client_id.ok_or(BuildError::missing("client_id"))?;
        let client_secret = self
            .client_secret
            .ok_or(BuildError::missing("client_secret"))?;
        let account = self.account.ok_or(BuildError::missing("account"))?;
        check_text("client_id", &client_id)?;
        check_text("client_secret", client_secret.expose())?;
        check_text("account", &account)?;
        if client_id.contains(':') {
            return Err(BuildError::invalid("client_id", "must not have a colon"));
        }
        self.dialect.check()?;
        Ok(PrivateCloud {
            base: BaseUrl::parse(&self.base_url, self.plain_http)?,
            client_id,
            client_secret,
            account,
            dialect: self.dialect,
        })
    }
}

impl fmt::Debug for PrivateCloudBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCloudBuilder")
            .field("client_id", &self.client_id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

fn check_text(field: &'static str, text: &str) -> Result<(), BuildError> {
    if text.is_empty() {
        return Err(BuildError::invalid(field, "is empty"));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(BuildError::invalid(
            field,
            "has surrounding white space or a control character",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder(base_url: &str) -> PrivateCloudBuilder {
        PrivateCloud::builder(base_url)
            .client_id("C")
            .client_secret("S")
            .account("G")
    }

    // FAULTS.md row 31
    #[test]
    fn plain_http_is_refused_unless_opted_into_by_name() {
        assert!(builder("http://disk.example").build().is_err());
        assert!(
            builder("http://disk.example")
                .allow_plain_http()
                .build()
                .is_ok()
        );
        assert!(builder("https://disk.example").build().is_ok());
    }

    #[test]
    fn what_is_missing_or_unfit_is_refused_by_its_name() {
        let field = |builder: PrivateCloudBuilder| builder.build().unwrap_err().field();
        let bare = || PrivateCloud::builder("https://disk.example");
        let good = || builder("https://disk.example");
        assert_eq!(field(bare()), "client_id");
        assert_eq!(field(bare().client_id("C")), "client_secret");
        assert_eq!(field(bare().client_id("C").client_secret("S")), "account");
        assert_eq!(field(good().client_id("a:b")), "client_id");
        for unfit in ["S\n", " S", "S ", "S\u{7}S"] {
            let builder = good().client_secret(unfit);
            assert_eq!(field(builder), "client_secret", "{unfit:?}");
        }
        assert_eq!(field(good().account("")), "account");
    }

    #[test]
    fn a_dialect_that_makes_no_request_is_refused() {
        let mut dialect = Dialect::default();
        dialect.paths.refresh = "refreshToken.do".into();
        let refused = builder("https://disk.example").dialect(dialect).build();
        assert_eq!(refused.unwrap_err().field(), "dialect.paths");
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let builder = builder("https://disk.example").client_secret("tell-no-one");
        let shown = format!("{builder:?} {:?}", builder.client_secret);
        assert!(!shown.contains("tell-no-one"), "{shown}");
    }
}
