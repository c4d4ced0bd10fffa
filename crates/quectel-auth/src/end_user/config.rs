use std::fmt;

use token_core::reexports::http::HeaderName;
use token_core::{BaseUrl, BuildError, PlainHttp, Secret};

use crate::as_issued::is_as_issued;

/// The token endpoint of Quectel's app API, for one person.
///
/// ```
/// use quectel_auth::{EndUser, Region};
/// use token_core::Secret;
///
/// let ada = EndUser::builder(Region::Europe)
///     .account("ada@example.com")
///     .user_domain("E.DM.1", "the domain's secret")
///     .build()?;
/// let redemption = ada.email_password("ada@example.com", "her password");
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// * **No login**: a person's password is a [`OneTimeGrant`](token_core::OneTimeGrant), sent once.
///   Five wrong passwords freeze the account for 20 minutes (5147), and the vendor blocks a
///   suspicious client for 24 hours (5325).
/// * **Refresh** returns new tokens of both kinds. In the vendor's samples, the access token is
///   valid for two hours and the refresh token for 30 days.
/// * **Placement**: the token is sent as it was issued, `Authorization: Bearer …`. The scheme is
///   part of both tokens, in a refresh too.
/// * **Refusals**: 5032 means that the refresh token is dead. A code that is not documented is
///   [`Protocol`](token_core::ErrorKind::Protocol), which does not give up the grant.
#[derive(Clone)]
pub struct EndUser {
    pub(super) base: BaseUrl,
    pub(super) account: String,
    pub(super) domain: Option<Domain>,
    pub(super) parameters: Parameters,
    pub(super) mcc: Option<u16>,
    pub(super) headers: Vec<(HeaderName, String)>,
}

/// Where a login and a refresh send their parameters.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parameters {
    /// In the URL's query, as every page documents.
    #[default]
    Query,
    /// In an `application/x-www-form-urlencoded` body, as existing apps do. This keeps tokens out
    /// of access logs.
    Form,
}

/// Builds an [`EndUser`].
#[must_use]
pub struct EndUserBuilder {
    base_url: String,
    plain_http: PlainHttp,
    account: String,
    domain: Option<Domain>,
    parameters: Parameters,
    mcc: Option<u16>,
    headers: Vec<(String, String)>,
}

/// The app's own credentials, which sign a login.
#[derive(Clone)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) secret: Secret,
}

impl EndUser {
    /// Returns a builder for a [`Region`](crate::Region) or any other base URL.
    pub fn builder(base_url: impl AsRef<str>) -> EndUserBuilder {
        EndUserBuilder {
            base_url: base_url.as_ref().to_owned(),
            plain_http: PlainHttp::Refused,
            account: String::new(),
            domain: None,
            parameters: Parameters::Query,
            mcc: None,
            headers: Vec::new(),
        }
    }

    /// Returns an endpoint of the same deployment for another person.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the account is empty.
    pub fn for_account(&self, account: &str) -> Result<Self, BuildError> {
        let account = checked_account(account)?;
        Ok(Self {
            account,
            ..self.clone()
        })
    }

    /// Returns the base URL.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base
    }
}

impl EndUserBuilder {
    /// Sets your own name for the person, such as an email address or a user id. It names the grant
    /// in stores and logs, so no two people may share one, in the same or in different user
    /// domains.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }

    /// Sets the app's user domain, such as `E.DM.1`, and its secret, from the developer centre.
    /// Only a login needs them.
    pub fn user_domain(mut self, name: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.domain = Some(Domain {
            name: name.into(),
            secret: secret.into(),
        });
        self
    }

    /// Sets where parameters are sent. Default: [`Parameters::Query`].
    pub fn parameters(mut self, parameters: Parameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// Sets the mobile country code of a login. The vendor refuses a code that belongs to another
    /// data centre (6084).
    pub fn mcc(mut self, mcc: u16) -> Self {
        self.mcc = Some(mcc);
        self
    }

    /// Adds a header that the app sends with every request, such as
    /// `appId`, `appVersion` or `X-Q-Language`. None is documented as required.
    pub fn app_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
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
    /// [`BuildError`] if the account is empty, if the user domain lacks a name or a secret, if
    /// its secret has surrounding white space or a control character, if an app header's name is
    /// invalid, or if the base URL is invalid.
    pub fn build(self) -> Result<EndUser, BuildError> {
        let base = BaseUrl::parse(&self.base_url, self.plain_http)?;
        Ok(EndUser {
            base,
            account: checked_account(&self.account)?,
            domain: self.domain.map(Domain::checked).transpose()?,
            parameters: self.parameters,
            mcc: self.mcc,
            headers: headers(self.headers)?,
        })
    }
}

fn checked_account(name: &str) -> Result<String, BuildError> {
    match name.trim() {
        "" => Err(BuildError::missing("account")),
        name => Ok(name.to_owned()),
    }
}

impl Domain {
    fn checked(self) -> Result<Self, BuildError> {
        if self.name.is_empty() || self.secret.is_empty() {
            return Err(BuildError::invalid(
                "user_domain",
                "needs both a name and a secret",
            ));
        }
        if !is_as_issued(&self.secret) {
            return Err(BuildError::invalid(
                "user_domain",
                "has a secret with surrounding white space or a control character",
            ));
        }
        Ok(self)
    }
}

fn headers(given: Vec<(String, String)>) -> Result<Vec<(HeaderName, String)>, BuildError> {
    let invalid = |_| BuildError::invalid("app_header", "has an invalid header name");
    let named = given
        .into_iter()
        .map(|(name, value)| Ok((HeaderName::try_from(name).map_err(invalid)?, value)));
    named.collect()
}

impl fmt::Debug for EndUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndUser({} at {})", self.account, self.base)
    }
}

impl fmt::Debug for EndUserBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndUserBuilder({})", self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Region;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let field = |builder: EndUserBuilder| builder.build().unwrap_err().field();
        assert_eq!(field(EndUser::builder(Region::China)), "account");
        let builder = || EndUser::builder(Region::China).account("17");
        assert_eq!(field(builder().user_domain("E.DM.1", "")), "user_domain");
        let with_line_end = builder().user_domain("E.DM.1", "secret\n");
        assert_eq!(field(with_line_end), "user_domain");
        assert_eq!(field(builder().app_header("app id", "1")), "app_header");
        assert_eq!(
            field(EndUser::builder("http://127.0.0.1").account("17")),
            "base_url"
        );
        assert!(builder().build().is_ok());
    }

    #[test]
    fn debug_shows_no_secret() {
        let builder = EndUser::builder(Region::Europe)
            .account("user 17")
            .user_domain("E.DM.1", "secret-of-the-domain");
        let shown = format!("{builder:?} {builder:#?}");
        assert!(!shown.contains("secret-of"), "{shown}");
        let endpoint = builder.build().unwrap();
        let redemption = endpoint.email_password("ada@example.com", "pass-of-ada");
        let shown = format!("{endpoint:?} {endpoint:#?} {redemption:?}");
        assert!(shown.contains("user 17"), "{shown}");
        assert!(
            !shown.contains("secret-of") && !shown.contains("pass-of"),
            "{shown}"
        );
    }
}
