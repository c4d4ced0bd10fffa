//! An API request with the token, for adapters of blocking HTTP clients.

use std::fmt;

use http::request::Parts;
use http::{HeaderMap, StatusCode};
use token_core::{ApiBody, ApiResponse, Error};

use super::BlockingTokenCache;
use super::wait::block_on;
use crate::cache::api_call::{Answered, ApiCall};

/// One API request with the token, which is sent once or twice: [`ApiCall`] for a client that
/// waits on the caller's thread.
///
/// ```
/// use token_cache::{Answered, BlockingTokenCache};
/// use token_core::reexports::{Bytes, http};
/// use token_core::{ApiBody, ApiResponse, Error};
///
/// /// Sends a request by any client, with the token.
/// fn call(
///     tokens: &BlockingTokenCache,
///     request: http::Request<Bytes>,
///     send: impl Fn(http::Request<Bytes>) -> Result<http::Response<Bytes>, Error>,
/// ) -> Result<http::Response<Bytes>, Error> {
///     let mut call = tokens.api_call();
///     loop {
///         let (mut parts, bytes) = request.clone().into_parts();
///         let mut body = ApiBody::of(&bytes);
///         call.authorize(&mut parts, &mut body)?;
///         let body = body.into_replaced().unwrap_or(bytes.clone());
///         let response = send(http::Request::from_parts(parts, body))?;
///         let (status, headers) = (response.status(), response.headers());
///         let answer = ApiResponse::new(status, headers, Some(response.body()));
///         if call.judge(&answer, true)? == Answered::Final {
///             return Ok(response);
///         }
///     }
/// }
/// ```
pub struct BlockingApiCall<'a> {
    tokens: &'a BlockingTokenCache,
    call: ApiCall<'a>,
}

impl<'a> BlockingApiCall<'a> {
    pub(super) fn new(tokens: &'a BlockingTokenCache) -> Self {
        let call = tokens.as_async().api_call();
        Self { tokens, call }
    }

    /// Puts a live token on the request: see [`ApiCall::authorize`].
    ///
    /// # Errors
    ///
    /// Those of [`ApiCall::authorize`].
    pub fn authorize(&mut self, request: &mut Parts, body: &mut ApiBody<'_>) -> Result<(), Error> {
        let runtime = self.tokens.as_async().given_runtime();
        block_on(runtime, self.call.authorize(request, body))?
    }

    /// Returns whether the token is on the request.
    pub fn is_authorized(&self) -> bool {
        self.call.is_authorized()
    }

    /// Returns how many bytes of the answer's body [`judge`](Self::judge) needs at most: see
    /// [`ApiCall::needs_body`].
    pub fn needs_body(&self, status: StatusCode, headers: &HeaderMap) -> Option<usize> {
        self.call.needs_body(status, headers)
    }

    /// Judges the answer to the request that was last authorized: see [`ApiCall::judge`].
    ///
    /// # Errors
    ///
    /// Those of [`ApiCall::judge`].
    pub fn judge(&mut self, response: &ApiResponse<'_>, has_copy: bool) -> Result<Answered, Error> {
        self.call.judge(response, has_copy)
    }
}

impl fmt::Debug for BlockingApiCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blocking{:?}", self.call)
    }
}
