//! How an access token travels with an API request.

use http::HeaderName;
use http::header::AUTHORIZATION;

use crate::error::{Error, ErrorKind};

/// How an access token travels with an API request.
///
/// ```
/// use token_core::{Secret, Timestamp, Token, TokenPlacement, Validity};
///
/// let validity = Validity::without_end(Timestamp::from_unix_seconds(0));
/// let in_query = TokenPlacement::Query("access_token".into());
/// let token = Token::builder(Secret::from("A1"), validity).placement(in_query).build()?;
/// assert!(token.header().is_none());
/// # Ok::<(), token_core::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TokenPlacement {
    #[default]
    /// `Authorization: Bearer <token>` (RFC 6750 section 2.1).
    Bearer,
    /// `Authorization: <token>`, for a token that includes its scheme, such as Quectel's `QJWT …`.
    Verbatim,
    /// The token alone in a vendor-specific header, such as `apim-accesstoken`.
    Header(HeaderName),
    /// A query parameter of this name (RFC 6750 section 2.3), with `Cache-Control: no-store`.
    Query(String),
    /// A parameter of this name in an `application/x-www-form-urlencoded` body (RFC 6750 section
    /// 2.2).
    Form(String),
}

static AUTHORIZATION_NAME: HeaderName = AUTHORIZATION;

impl TokenPlacement {
    /// Returns the name of the header that carries the token.
    #[inline]
    pub(super) fn header_name(&self) -> Option<&HeaderName> {
        match self {
            Self::Bearer | Self::Verbatim => Some(&AUTHORIZATION_NAME),
            Self::Header(name) => Some(name),
            Self::Query(_) | Self::Form(_) => None,
        }
    }

    /// Returns what comes before the access token in its header.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Self::Bearer => BEARER,
            _ => "",
        }
    }
}

const BEARER: &str = "Bearer ";

pub(super) fn unusable() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the token is empty or contains a character that is not allowed in a header",
    )
}
