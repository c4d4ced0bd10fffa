//! A request to an API with the token: puts the token on it, judges the answer, and says whether
//! to send it once more.

mod in_time;
mod refusal;

use std::fmt;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};
use token_core::{ApiBody, ApiResponse, ApiVerdict, Error, Token};

use self::refusal::cannot_be_sent_again;
pub(super) use self::refusal::refused_again;
use super::TokenCache;
use crate::current::token_guard::TokenGuard;
use crate::refresh::endpoint_source::AnyEndpoint;
use crate::telemetry::metric;

/// Opts a request out: as an extension of it, it tells adapters to send the request without the
/// token.
///
/// ```
/// use token_cache::WithoutToken;
///
/// let request = http::Request::get("https://api.example.com/health").extension(WithoutToken);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithoutToken;

/// One API request with the token, which is sent once or twice. For those who write an adapter for
/// an HTTP client; the adapters of this workspace are made of it.
///
/// ```
/// # use std::collections::VecDeque;
/// use token_cache::{Answered, TokenCache};
/// use token_core::reexports::{Bytes, http};
/// use token_core::{ApiBody, ApiResponse, Error};
///
/// /// Sends a request by any client, with the token.
/// async fn call(
///     tokens: &TokenCache,
///     request: http::Request<Bytes>,
///     send: impl AsyncFn(http::Request<Bytes>) -> Result<http::Response<Bytes>, Error>,
/// ) -> Result<http::Response<Bytes>, Error> {
///     let mut call = tokens.api_call();
///     loop {
///         let (mut parts, bytes) = request.clone().into_parts();
///         let mut body = ApiBody::of(&bytes);
///         call.authorize(&mut parts, &mut body).await?;
///         let body = body.into_replaced().unwrap_or(bytes.clone());
///         let response = send(http::Request::from_parts(parts, body)).await?;
///         let (status, headers) = (response.status(), response.headers());
///         let answer = ApiResponse::new(status, headers, Some(response.body()));
///         if call.judge(&answer, true)? == Answered::Final {
///             return Ok(response);
///         }
///     }
/// }
/// ```
pub struct ApiCall<'a> {
    tokens: &'a TokenCache,
    sent: Option<Sent>,
    refused: Option<TokenGuard>,
}

/// What was sent, and the endpoint that authorized it.
struct Sent {
    token: TokenGuard,
    uri: Uri,
    endpoint: AnyEndpoint,
}

/// What an adapter does with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answered {
    /// Return it to the caller.
    Final,
    /// Drop it, [authorize](ApiCall::authorize) a copy of the request, and send that.
    SendAgain,
}

impl TokenCache {
    /// Begins an API request with the token.
    pub fn api_call(&self) -> ApiCall<'_> {
        ApiCall {
            tokens: self,
            sent: None,
            refused: None,
        }
    }

    /// Puts a live token on an API request, and signs the request if the vendor requires it. A
    /// [replaced](ApiBody::into_replaced) body is to be sent in the place of the original one.
    ///
    /// The answer is not judged: see [`invalidate`](Self::invalidate).
    ///
    /// # Errors
    ///
    /// The same as [`token`](Self::token); [`Config`](token_core::ErrorKind::Config) if the token
    /// may not be sent to the host of the request: name it with
    /// [`api_url`](crate::TokenCacheBuilder::api_url); the endpoint's error if the request cannot
    /// be signed.
    pub async fn authorize(
        &self,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
    ) -> Result<TokenGuard, Error> {
        self.shared.current.check_origin(&request.uri)?;
        let token = self.token().await?;
        self.put_on(&token, request, body)?;
        Ok(token)
    }

    /// Whether this token, which an API just refused, is handed out all the same: it is not at
    /// fault.
    fn is_still_used(&self, refused: &Token) -> bool {
        self.current().is_some_and(|token| is_same(refused, &token))
    }

    fn put_on(
        &self,
        token: &Token,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
    ) -> Result<AnyEndpoint, Error> {
        let endpoint = self.shared.refresher.endpoint();
        let authorized = endpoint.authorize(token, request, body, &self.attempt());
        authorized.map_err(|error| error.with_key(self.key()))?;
        Ok(endpoint)
    }
}

impl ApiCall<'_> {
    /// Puts a live token on the request, and signs the request if the vendor requires it. A
    /// [replaced](ApiBody::into_replaced) body is to be sent in the place of the original one.
    ///
    /// A request with an `Authorization` of its own, with the token's header, or with
    /// [`WithoutToken`] in its extensions is left as it is, and its answer is not judged.
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::authorize`]. The second time also
    /// [`RefusedAgain`](token_core::ErrorKind::RefusedAgain), if the cache has no other token than
    /// the refused one: there is then nothing to send again.
    pub async fn authorize(
        &mut self,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
    ) -> Result<(), Error> {
        self.sent = None;
        if has_its_own(request) {
            return Ok(());
        }
        self.tokens.shared.current.check_origin(&request.uri)?;
        let token = self.tokens.token().await?;
        if let Some(refused) = &self.refused
            && is_same(refused, &token)
        {
            return Err(self.describe(refused_again(), &request.uri, &token));
        }
        if token
            .header()
            .is_some_and(|(name, _)| request.headers.contains_key(name))
        {
            return Ok(());
        }
        let uri = request.uri.clone();
        let endpoint = self.tokens.put_on(&token, request, body)?;
        let token = token.detached();
        self.sent = Some(Sent {
            token,
            uri,
            endpoint,
        });
        Ok(())
    }

    /// Returns whether the token is on the request.
    pub fn is_authorized(&self) -> bool {
        self.sent.is_some()
    }

    /// Returns how many bytes of the answer's body [`judge`](Self::judge) needs at most; `None` if
    /// it needs none. If the body is longer, or does not come [in time](Self::read_in_time), pass
    /// none of it.
    pub fn needs_body(&self, status: StatusCode, headers: &HeaderMap) -> Option<usize> {
        let endpoint = &self.sent.as_ref()?.endpoint;
        endpoint.judge_needs_body(&ApiResponse::new(status, headers, None))
    }

    /// Judges the answer to the request that was last authorized. If the API refused the token,
    /// that is [reported](TokenCache::invalidate), and the request is to be sent again: once, and
    /// only if the adapter has kept a copy (`has_copy`).
    ///
    /// # Errors
    ///
    /// [`RefusedAgain`](token_core::ErrorKind::RefusedAgain) if a new token was refused too, or if
    /// this one is newly refreshed for such a refusal;
    /// [`Transient`](token_core::ErrorKind::Transient) if the token was refused and there is no
    /// copy: the caller can build the request again.
    pub fn judge(&mut self, response: &ApiResponse<'_>, has_copy: bool) -> Result<Answered, Error> {
        let Some(sent) = self.sent.take() else {
            return Ok(Answered::Final);
        };
        let verdict = sent.endpoint.judge(response);
        let answered = match verdict {
            ApiVerdict::TokenRefused => self.refused(sent, response, has_copy),
            ApiVerdict::Accepted => {
                self.tokens.shared.current.note_use(&sent.token);
                Ok(Answered::Final)
            }
            _ => Ok(Answered::Final),
        };
        if let Some(verdict) = metric::refusal(verdict) {
            let is_replayed = matches!(answered, Ok(Answered::SendAgain));
            metric::api_refused(self.tokens.key(), verdict, is_replayed);
        }
        answered
    }

    fn refused(
        &mut self,
        sent: Sent,
        response: &ApiResponse<'_>,
        has_copy: bool,
    ) -> Result<Answered, Error> {
        self.tokens.invalidate(&sent.token);
        let fail = |error: Error| {
            let error = error.with_status(response.status());
            Err(self.describe(error, &sent.uri, &sent.token))
        };
        if self.refused.is_some() || self.tokens.is_still_used(&sent.token) {
            return fail(refused_again());
        }
        if !has_copy {
            return fail(cannot_be_sent_again());
        }
        self.refused = Some(sent.token);
        Ok(Answered::SendAgain)
    }

    fn describe(&self, error: Error, uri: &Uri, token: &Token) -> Error {
        error
            .with_api_request(uri, token)
            .with_key(self.tokens.key())
    }
}

impl fmt::Debug for ApiCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCall")
            .field("key", self.tokens.key())
            .field("is_authorized", &self.is_authorized())
            .finish_non_exhaustive()
    }
}

fn has_its_own(request: &Parts) -> bool {
    request.headers.contains_key(AUTHORIZATION)
        || request.extensions.get::<WithoutToken>().is_some()
}

pub(super) fn is_same(one: &Token, other: &Token) -> bool {
    one.generation() == other.generation() && one.access().same_as(other.access())
}
