//! Writes a request as HTTP/1 sends it.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Uri, Version};
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
    let host = host(url).ok_or_else(unsendable)?;
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

/// Returns the host, and its port unless that is the default.
fn host(url: &Uri) -> Option<HeaderValue> {
    let host = url.host()?;
    let default = match url.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    match url.port_u16().filter(|port| *port != default) {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")).ok(),
        None => HeaderValue::from_str(host).ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_host_is_sent_without_a_default_port() {
        for (url, expected) in [
            ("https://vendor.example/t", "vendor.example"),
            ("https://vendor.example:443/t", "vendor.example"),
            ("http://vendor.example:80/t", "vendor.example"),
            ("http://vendor.example:443/t", "vendor.example:443"),
            ("https://[::1]:8443/t", "[::1]:8443"),
            ("https://[::1]/t", "[::1]"),
        ] {
            assert_eq!(host(&url.parse().unwrap()).unwrap(), expected);
        }
    }

    #[test]
    fn a_url_without_a_path_has_the_root() {
        let user_agent = HeaderValue::from_static("test");
        for (url, expected) in [
            ("https://vendor.example", "/"),
            ("https://vendor.example?a=b", "/?a=b"),
            ("https://vendor.example/t?a=b", "/t?a=b"),
        ] {
            let request = Request::get(url).body(Bytes::new()).unwrap();
            let sent = sendable(&request, &user_agent).unwrap();
            assert_eq!(sent.uri().to_string(), expected);
        }
    }
}
