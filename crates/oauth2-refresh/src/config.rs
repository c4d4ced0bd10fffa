//! The endpoint's type and what it is made of.

use std::fmt;
use std::time::Duration;

use token_core::{
    BaseUrl, BuildError, PlainHttp, Request, RequestBuilder, Rotation, Secret, TokenKey,
};

/// An OAuth 2.0 token endpoint (RFC 6749), and what real servers add to it.
///
/// ```
/// use oauth2_refresh::OAuth2;
/// use token_core::{Rotation, Secret, TokenEndpoint};
///
/// # let secret = Secret::from("s");
/// let oauth2 = OAuth2::builder("https://login.example.com").client_id("app-1").client_secret(secret).account("alice").build()?;
/// assert_eq!(oauth2.key().as_str(), "oauth2/login.example.com/app-1:alice");
/// assert_eq!(oauth2.rotation(), Rotation::SingleUse);
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// Its `Debug` shows the key.
#[derive(Clone)]
pub struct OAuth2 {
    pub(crate) key: TokenKey,
    pub(crate) token: EndpointUrl,
    pub(crate) authorize: EndpointUrl,
    pub(crate) revocation: Option<EndpointUrl>,
    pub(crate) introspection: Option<EndpointUrl>,
    pub(crate) client_id: String,
    pub(crate) credential: Credential,
    pub(crate) login: Login,
    pub(crate) scopes: Vec<String>,
    pub(crate) refresh_scopes: Vec<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) rotation: Rotation,
    pub(crate) kept: Vec<String>,
    pub(crate) default_lifetime: Duration,
    pub(crate) issuer: Option<String>,
    pub(crate) wrapper: Option<String>,
    pub(crate) unknown_token_type: UnknownTokenType,
}

/// How a client shows the token endpoint who it is (RFC 6749 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// `Authorization: Basic` with id and secret as they are. BambooCloud documents it so, and so
    /// do many servers that never heard of the encoding; for ids and secrets of letters, digits and
    /// `-._` there is no difference.
    Basic,
    /// `Authorization: Basic` with id and secret form-encoded first, as RFC 6749 section 2.3.1
    /// says: a space is written `+`, and all but letters, digits and `*-._` as `%XX`.
    BasicEncoded,
    /// `Authorization: Basic` with id and secret percent-encoded first: a space is written `%20`.
    /// For servers that decode `%XX` and leave a `+` as it is. Only a space, `*` and `~` make a
    /// difference to [`BasicEncoded`](Self::BasicEncoded).
    BasicPercentEncoded,
    /// `client_id` and `client_secret` in the form. OneAccess documents it.
    Post,
    /// A public client: `client_id` in the form, and no secret.
    None,
}

/// What is done with a token whose `token_type` nobody registered, such as `jwt`, `user` or an
/// empty text.
///
/// A type that is registered and needs more than a header (`DPoP`, `PoP`, `MAC`) is always an
/// error. In both cases the refresh token of the answer is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownTokenType {
    /// It is sent as `Authorization: Bearer`, and noted in
    /// [`Token::oddities`](token_core::Token::oddities).
    #[default]
    SendAsBearer,
    /// It is not used: an error of the kind `Config`.
    Refuse,
}

/// Whether there is a login that may be repeated at any time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    Never,
    ClientCredentials,
}

/// A client authentication together with the secret that it needs.
#[derive(Clone)]
pub(crate) enum Credential {
    Basic(Secret),
    BasicEncoded(Secret),
    BasicPercentEncoded(Secret),
    Post(Secret),
    None,
}

impl Login {
    pub(crate) fn rotation(self) -> Rotation {
        match self {
            Self::Never => Rotation::SingleUse,
            Self::ClientCredentials => Rotation::Idempotent,
        }
    }
}

/// The URL of one of the server's endpoints.
#[derive(Clone)]
pub(crate) struct EndpointUrl {
    base: BaseUrl,
    path: String,
}

impl EndpointUrl {
    /// A path below `base`, or a whole URL. It may have a query, which is kept (RFC 6749 section
    /// 3.2).
    pub(crate) fn parse(
        text: &str,
        base: &BaseUrl,
        plain_http: PlainHttp,
        field: &'static str,
    ) -> Result<Self, BuildError> {
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if !text.bytes().all(fits) {
            return Err(BuildError::invalid(
                field,
                "must be percent-encoded and without a fragment",
            ));
        }
        if text.starts_with('/') {
            return Ok(Self {
                base: base.clone(),
                path: text.to_owned(),
            });
        }
        let (origin, path) = split(text).ok_or(BuildError::invalid(
            field,
            "must start with a slash or be a URL",
        ))?;
        let base = BaseUrl::parse(&origin, plain_http).map_err(|_| {
            BuildError::invalid(
                field,
                "is no https URL; for plain http, which sends secrets in the clear, use allow_plain_http()",
            )
        })?;
        Ok(Self { base, path })
    }

    pub(crate) fn post(&self) -> RequestBuilder {
        Request::post(&self.base, &self.path)
    }

    pub(crate) fn address(&self) -> String {
        self.base.join(&self.path)
    }

    /// Returns the address without its scheme.
    pub(crate) fn without_scheme(&self) -> String {
        let address = self.address();
        let name = address.split_once("://").map(|(_, rest)| rest.to_owned());
        name.unwrap_or(address)
    }
}

fn split(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((format!("{scheme}://{host}"), format!("/{path}")))
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OAuth2({})", self.key)
    }
}
