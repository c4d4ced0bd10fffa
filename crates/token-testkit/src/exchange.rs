use std::borrow::Borrow;
use std::time::Duration;

use super::random::Random;
use token_core::{
    Answer, Attempt, Error, HttpClient, Outcome, Request, ServerOffset, Timestamp, TokenEndpoint,
};

const WITHIN: Duration = Duration::from_secs(20);

/// Sends a request that `endpoint` built through any client, once, and reads the answer: what the
/// engine does, without the engine.
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
/// `now` is the local time just before sending; the server's clock is believed where the answer
/// came over TLS. It waits for 20 seconds at most.
///
/// # Errors
///
/// What the client's [`SendError`](token_core::SendError) means, and what the endpoint reads.
pub async fn exchange(
    endpoint: &(impl TokenEndpoint + ?Sized),
    client: &(impl HttpClient + ?Sized),
    request: impl Borrow<Request>,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let request = request.borrow();
    let sent = client.send(request.to_http(), WITHIN).await;
    let response = sent.map_err(|error| error.to_error().with_request(request))?;
    endpoint.read(&Answer::new(
        request,
        &response,
        now,
        offset(request, &response, now),
    ))
}

/// What the answer's own `Date` tells, where it came over TLS.
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

/// An attempt at `now` with a nonce that is drawn from `seed`: the same seed gives the same nonce.
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
