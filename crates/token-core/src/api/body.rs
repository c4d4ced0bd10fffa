//! The body of an API request, as an endpoint sees it.

use std::fmt;

use bytes::Bytes;

use crate::error::{Error, ErrorKind};

/// The body of an API request that an endpoint [authorizes](crate::TokenEndpoint::authorize): it
/// may be read, to sign it, and replaced.
///
/// ```
/// use token_core::ApiBody;
///
/// let mut body = ApiBody::of(b"{\"a\":1}");
/// assert_eq!(body.bytes()?, b"{\"a\":1}");
/// body.replace("{\"a\":1,\"sign\":\"…\"}".into());
/// assert!(body.into_replaced().is_some());
/// assert!(ApiBody::streamed().bytes().is_err());
/// # Ok::<(), token_core::Error>(())
/// ```
pub struct ApiBody<'a>(Inner<'a>);

enum Inner<'a> {
    Given(&'a [u8]),
    Replaced(Bytes),
    Streamed,
}

impl<'a> ApiBody<'a> {
    /// Creates a body of these bytes, which *must* be exactly what is sent.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(Inner::Given(bytes))
    }

    /// Creates a body that is produced while it is sent, so that an endpoint cannot read it.
    pub fn streamed() -> Self {
        Self(Inner::Streamed)
    }

    /// Returns whether the body is produced while it is sent.
    pub fn is_streamed(&self) -> bool {
        matches!(self.0, Inner::Streamed)
    }

    /// Returns the bytes, also those of a replacement.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the body is streamed.
    pub fn bytes(&self) -> Result<&[u8], Error> {
        match &self.0 {
            Inner::Given(bytes) => Ok(bytes),
            Inner::Replaced(bytes) => Ok(bytes),
            Inner::Streamed => Err(Error::new(
                ErrorKind::Config,
                "the vendor's token or signature needs the request's body, which is a stream: send \
                 the body in one piece",
            )),
        }
    }

    /// Replaces the body.
    pub fn replace(&mut self, bytes: Bytes) {
        self.0 = Inner::Replaced(bytes);
    }

    /// Returns the replacement; `None` if the original body is to be sent.
    pub fn into_replaced(self) -> Option<Bytes> {
        match self.0 {
            Inner::Replaced(bytes) => Some(bytes),
            Inner::Given(_) | Inner::Streamed => None,
        }
    }
}

impl fmt::Debug for ApiBody<'_> {
    /// Shows no byte of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Given(bytes) => write!(f, "ApiBody({} bytes)", bytes.len()),
            Inner::Replaced(bytes) => write!(f, "ApiBody({} bytes, replaced)", bytes.len()),
            Inner::Streamed => f.write_str("ApiBody(streamed)"),
        }
    }
}
