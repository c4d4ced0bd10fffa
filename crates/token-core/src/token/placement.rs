//! How an access token travels with an API request.

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::secret::{Secret, sensitive_header};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlacement {
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

impl TokenPlacement {
    pub(super) fn header(
        &self,
        access: &Secret,
    ) -> Result<Option<(HeaderName, HeaderValue)>, Error> {
        let access = access.expose();
        let in_header = |name: HeaderName, text: &str| {
            let value = sensitive_header(text).ok_or_else(unusable)?;
            Ok(Some((name, value)))
        };
        match self {
            Self::Bearer => {
                let value = Secret::from(format!("Bearer {access}"));
                in_header(AUTHORIZATION, value.expose())
            }
            Self::Verbatim => in_header(AUTHORIZATION, access),
            Self::Header(name) => in_header(name.clone(), access),
            Self::Query(_) | Self::Form(_) => Ok(None),
        }
    }
}

pub(super) fn unusable() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the token is empty or contains a character that is not allowed in a header",
    )
}
