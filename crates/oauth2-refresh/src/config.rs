//! The endpoint's type and what it is made of.

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use token_core::{
    BaseUrl, BuildError, PlainHttp, Request, RequestBuilder, Rotation, Secret, TokenKey,
};

/// An OAuth 2.0 token endpoint (RFC 6749), with what real servers do in addition.
///
/// ```
/// use oauth2_refresh::OAuth2;
/// use token_core::{Rotation, Secret, TokenEndpoint};
///
/// # let secret = Secret::from("s");
/// let oauth2 = OAuth2::builder("https://login.example.com")
///     .client_id("app-1")
///     .client_secret(secret)
///     .account("alice")
///     .build()?;
/// assert_eq!(oauth2.key().as_str(), "oauth2/login.example.com/app-1:alice");
/// assert_eq!(oauth2.rotation(), Rotation::SingleUse);
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// Its `Debug` shows the key. A clone, and the endpoint of [another account](Self::for_account),
/// share all but the key.
#[derive(Clone)]
pub struct OAuth2 {
    pub(crate) key: TokenKey,
    pub(crate) client: Arc<ClientRegistration>,
}

/// A client as it is registered at its server (RFC 6749 section 2), and how it asks for tokens.
pub(crate) struct ClientRegistration {
    pub(crate) token: EndpointUrl,
    /// What each token request begins with, if the client has several accounts: one for all of them
    /// is worth its memory.
    pub(crate) beginning: OnceLock<Box<RequestBuilder>>,
    pub(crate) authorize: EndpointUrl,
    pub(crate) revocation: Option<EndpointUrl>,
    pub(crate) introspection: Option<EndpointUrl>,
    pub(crate) client_id: Box<str>,
    pub(crate) credential: Credential,
    pub(crate) login: Login,
    pub(crate) rotation: Rotation,
    pub(crate) default_lifetime: Duration,
    pub(crate) unknown_token_type: UnknownTokenType,
    pub(crate) terms: Arc<Terms>,
}

/// What many clients leave as it is.
#[derive(Default, PartialEq)]
pub(crate) struct Terms {
    pub(crate) scopes: Box<[String]>,
    pub(crate) refresh_scopes: Box<[String]>,
    pub(crate) parameters: Box<[(String, String)]>,
    pub(crate) kept: Box<[String]>,
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) wrapper: Option<Box<str>>,
}

impl Terms {
    /// Shares them. The default ones exist once.
    pub(crate) fn shared(self) -> Arc<Self> {
        static DEFAULT: LazyLock<Arc<Terms>> = LazyLock::new(Arc::default);
        match self == **DEFAULT {
            true => DEFAULT.clone(),
            false => Arc::new(self),
        }
    }
}

/// How a client authenticates at the token endpoint (RFC 6749 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// `Authorization: Basic` with id and secret unencoded, as BambooCloud documents and many other
    /// servers expect. For ids and secrets of letters, digits and `-._` this is the same as
    /// [`BasicEncoded`](Self::BasicEncoded).
    Basic,
    /// `Authorization: Basic` with id and secret form-encoded first (RFC 6749 section 2.3.1): a
    /// space becomes `+`, and all but letters, digits and `*-._` become `%XX`.
    BasicEncoded,
    /// `Authorization: Basic` with id and secret percent-encoded first: a space becomes `%20`. For
    /// servers that decode `%XX` but not `+`. Only a space, `*` and `~` differ from
    /// [`BasicEncoded`](Self::BasicEncoded).
    BasicPercentEncoded,
    /// `client_id` and `client_secret` in the form, as OneAccess documents.
    Post,
    /// A public client: `client_id` in the form, and no secret.
    None,
}

/// What is done with a token of an unregistered `token_type`, such as `jwt`, `user` or an empty
/// string.
///
/// Registered types that need more than a header (`DPoP`, `PoP`, `MAC`) are always an error. The
/// refresh token of the response is kept in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownTokenType {
    /// Sends the token as `Authorization: Bearer` and notes it in
    /// [`Token::oddities`](token_core::Token::oddities).
    #[default]
    SendAsBearer,
    /// Refuses the token with an error of the kind `Config`.
    Refuse,
}

/// Whether there is a login that can be repeated at any time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    Never,
    ClientCredentials,
}

/// A client authentication with the secret that it needs.
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

/// The URL of one of the server's endpoints, which share one base if they can.
#[derive(Clone)]
pub(crate) struct EndpointUrl {
    pub(crate) base: Arc<BaseUrl>,
    path: Box<str>,
}

impl EndpointUrl {
    /// Parses a path below the usual base, or a full URL. A query is kept (RFC 6749 section 3.2).
    pub(crate) fn parse(
        text: &str,
        usual: &Arc<BaseUrl>,
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
                base: usual.clone(),
                path: text.into(),
            });
        }
        let (origin, path) = split(text).ok_or(BuildError::invalid(
            field,
            "must start with a slash or be a URL",
        ))?;
        let base = BaseUrl::parse(&origin, plain_http).map_err(|_| {
            BuildError::invalid(
                field,
                "is not an https URL; `http://` must be enabled explicitly (`allow_plain_http`)",
            )
        })?;
        Ok(Self {
            base: match base == **usual {
                true => usual.clone(),
                false => Arc::new(base),
            },
            path: path.into(),
        })
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
