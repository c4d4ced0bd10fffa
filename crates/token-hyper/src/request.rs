//! Writes a request as HTTP/1 sends it.

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Version};
use http_body_util::Full;

/// Copies the request, which may be sent once more, and writes its URL as servers read it. The last
/// request of a connection says so.
pub(crate) fn sendable(
    request: &Request<Bytes>,
    host: &HeaderValue,
    user_agent: &HeaderValue,
    is_last: bool,
) -> Request<Full<Bytes>> {
    let path = request.uri().path_and_query().cloned();
    let mut sent = Request::new(Full::new(request.body().clone()));
    *sent.method_mut() = request.method().clone();
    *sent.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
    if request.version() == Version::HTTP_10 {
        *sent.version_mut() = Version::HTTP_10;
    }
    let headers = sent.headers_mut();
    headers.reserve(request.headers().len() + 5);
    headers.extend(
        request
            .headers()
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    headers.entry(HOST).or_insert_with(|| host.clone());
    headers
        .entry(ACCEPT)
        .or_insert(HeaderValue::from_static("*/*"));
    headers
        .entry(USER_AGENT)
        .or_insert_with(|| user_agent.clone());
    if is_last {
        // Lets the server close first: the one that does keeps the connection's port for a minute,
        // and a client has 28,000 of them to one address (RFC 9112 section 9.6).
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        // hyper leaves out that of an empty body, and some servers then answer 411
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body().len()));
    }
    sent
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_url_without_a_path_has_the_root() {
        let user_agent = HeaderValue::from_static("test");
        for (url, expected) in [
            ("https://vendor.example", "/"),
            ("https://vendor.example?a=b", "/?a=b"),
            ("https://vendor.example/t?a=b", "/t?a=b"),
        ] {
            let request = Request::get(url).body(Bytes::new()).unwrap();
            let host = HeaderValue::from_static("vendor.example");
            let sent = sendable(&request, &host, &user_agent, false);
            assert_eq!(sent.uri().to_string(), expected);
        }
    }
}
