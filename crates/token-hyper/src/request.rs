//! Writes a request as HTTP/1 sends it.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Version};
use http_body_util::Full;
use token_core::{SendError, SendFailure};

/// Copies the request, which may be sent once more, and writes its URL as servers read it.
pub(crate) fn sendable(
    request: &Request<Bytes>,
    user_agent: &HeaderValue,
) -> Result<Request<Full<Bytes>>, SendError> {
    let unsendable = || SendError::before_sending(SendFailure::Unsendable);
    let url = request.uri();
    let path = url.path_and_query().cloned();
    let host = url.authority().ok_or_else(unsendable)?.as_str();
    let host = HeaderValue::from_str(host).map_err(|_| unsendable())?;
    let mut sent = Request::new(Full::new(request.body().clone()));
    *sent.method_mut() = request.method().clone();
    *sent.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
    if request.version() == Version::HTTP_10 {
        *sent.version_mut() = Version::HTTP_10;
    }
    let headers = sent.headers_mut();
    headers.reserve(request.headers().len() + 4);
    headers.extend(
        request
            .headers()
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    headers.entry(HOST).or_insert(host);
    headers
        .entry(ACCEPT)
        .or_insert(HeaderValue::from_static("*/*"));
    headers
        .entry(USER_AGENT)
        .or_insert_with(|| user_agent.clone());
    if matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        // hyper leaves out that of an empty body, and some servers then answer 411
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body().len()));
    }
    Ok(sent)
}
