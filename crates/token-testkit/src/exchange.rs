use std::borrow::Borrow;
use std::time::Duration;

use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, ApiBody, ApiResponse, ApiVerdict, Attempt, Error, HttpClient, Outcome, Request,
    ServerOffset, Timestamp, Token, TokenEndpoint,
};

use super::random::Random;

const WITHIN: Duration = Duration::from_secs(20);

/// Sends a request of `endpoint` once, with any HTTP client, and has the endpoint read the answer.
/// This is what the engine does, without the engine.
///
/// ```
/// use token_testkit::{ScriptedClient, attempt, exchange};
/// use token_core::{Error, Outcome, Timestamp, TokenEndpoint};
///
/// async fn refused_at_once(endpoint: &dyn TokenEndpoint) -> Result<bool, Error> {
///     let now = Timestamp::from_unix_seconds(1_700_000_000);
///     let Some(request) = endpoint.login(&attempt(now, 1)) else {
///         return Ok(false);
///     };
///     let client = ScriptedClient::new().answer(400, r#"{"error":"invalid_client"}"#);
///     Ok(exchange(endpoint, &client, request?, now).await.is_err())
/// }
/// ```
///
/// `now` is the local time just before sending. If the answer comes over TLS, its `Date` header
/// corrects that time. The timeout is 20 seconds.
///
/// # Errors
///
/// The client's [`SendError`](token_core::SendError), converted, or the error that the endpoint
/// reads from the answer.
pub async fn exchange(
    endpoint: &(impl TokenEndpoint + ?Sized),
    client: &(impl HttpClient + ?Sized),
    request: impl Borrow<Request>,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let request = request.borrow();
    let sent = client.send(request.to_http(), WITHIN).await;
    let response = sent.map_err(|error| error.to_error().with_request(request))?;
    let answer = Answer::new(request, &response, now, offset(request, &response, now));
    endpoint.read(&answer, &attempt(now, 2))
}

/// Authorizes an API request with the token and sends it.
///
/// # Errors
///
/// Returns the error of [`authorize`](TokenEndpoint::authorize) or of the client.
pub async fn call(
    endpoint: &(impl TokenEndpoint + ?Sized),
    client: &(impl HttpClient + ?Sized),
    token: &Token,
    request: http::Request<Bytes>,
    now: Timestamp,
) -> Result<http::Response<Bytes>, Error> {
    let (mut parts, body) = request.into_parts();
    let mut seen = ApiBody::of(&body);
    endpoint.authorize(token, &mut parts, &mut seen, &attempt(now, 1))?;
    let body = seen.into_replaced().unwrap_or(body.clone());
    let request = http::Request::from_parts(parts, body);
    let sent = client.send(request, WITHIN).await;
    sent.map_err(|error| error.to_error())
}

/// Returns the endpoint's verdict on the answer of an API, which gets the body only if it asks for
/// one of this length.
///
/// ```
/// use token_core::reexports::{Bytes, http};
/// use token_core::{ApiVerdict, TokenEndpoint};
/// use token_testkit::judge;
///
/// fn refuses(endpoint: &dyn TokenEndpoint, body: &'static str) -> bool {
///     let response = http::Response::new(Bytes::from_static(body.as_bytes()));
///     judge(endpoint, &response) == ApiVerdict::TokenRefused
/// }
/// ```
pub fn judge(
    endpoint: &(impl TokenEndpoint + ?Sized),
    response: &http::Response<Bytes>,
) -> ApiVerdict {
    let (status, headers, body) = (response.status(), response.headers(), response.body());
    let limit = endpoint.judge_needs_body(&ApiResponse::new(status, headers, None));
    let body = limit.filter(|limit| body.len() <= *limit).map(|_| &**body);
    endpoint.judge(&ApiResponse::new(status, headers, body))
}

/// Returns the clock offset by the answer's `Date`, if it came over TLS.
pub(super) fn offset<B>(
    request: &Request,
    response: &http::Response<B>,
    now: Timestamp,
) -> ServerOffset {
    let believed = request.is_tls().then_some(response.headers());
    believed
        .and_then(|headers| ServerOffset::observed(headers, now, now))
        .unwrap_or_default()
}

/// Returns an attempt at `now` with a nonce derived from `seed`: the same seed gives the same
/// nonce.
///
/// ```
/// use token_core::Timestamp;
/// use token_testkit::attempt;
///
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// assert_eq!(attempt(now, 1).nonce(), attempt(now, 1).nonce());
/// assert_ne!(attempt(now, 1).nonce(), attempt(now, 2).nonce());
/// ```
pub fn attempt(now: Timestamp, seed: u64) -> Attempt {
    let mut random = Random::seeded(seed);
    let drawn = u128::from(random.next()) << 64 | u128::from(random.next());
    Attempt::new(now, drawn.to_le_bytes())
}
