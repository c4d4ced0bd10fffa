//! What an answer says in the terms of HTTP, which endpoints judge.

use http::header::WWW_AUTHENTICATE;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

/// How an API says that it refuses a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// The status and the headers that the endpoint judges.
pub(crate) enum Judged<'a> {
    AsSent(&'a Parts),
    Grpc(StatusCode, HeaderMap),
}

impl Protocol {
    pub(crate) fn judged(self, parts: &Parts) -> Judged<'_> {
        let status = match self {
            Self::Http => None,
            Self::Grpc => grpc_status(parts),
        };
        match status {
            None | Some("0") => Judged::AsSent(parts),
            Some(code) => Judged::of_grpc(code),
        }
    }
}

/// Returns `grpc-status` if it is in the headers: the response has no message then.
fn grpc_status(parts: &Parts) -> Option<&str> {
    let status = parts.headers.get("grpc-status")?.to_str().ok()?;
    (parts.status == StatusCode::OK).then_some(status)
}

impl Judged<'_> {
    /// Translates by the table of gRPC over HTTP/2 for proxies, read from right to left.
    fn of_grpc(code: &str) -> Self {
        let mut headers = HeaderMap::new();
        let status = match code {
            "16" => {
                let invalid = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                headers.insert(WWW_AUTHENTICATE, invalid);
                StatusCode::UNAUTHORIZED
            }
            "7" => StatusCode::FORBIDDEN,
            "8" => StatusCode::TOO_MANY_REQUESTS,
            "14" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::Grpc(status, headers)
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::AsSent(parts) => parts.status,
            Self::Grpc(status, _) => *status,
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match self {
            Self::AsSent(parts) => &parts.headers,
            Self::Grpc(_, headers) => headers,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;

    #[test]
    fn a_grpc_status_in_the_headers_is_judged_and_only_if_that_was_asked_for() {
        let rows = [
            (Protocol::Grpc, 200, Some("16"), 401),
            (Protocol::Grpc, 200, Some("7"), 403),
            (Protocol::Grpc, 200, Some("8"), 429),
            (Protocol::Grpc, 200, Some("14"), 503),
            (Protocol::Grpc, 200, Some("5"), 500),
            (Protocol::Grpc, 200, Some("0"), 200),
            (Protocol::Grpc, 200, None, 200),
            (Protocol::Grpc, 401, None, 401),
            (Protocol::Grpc, 503, Some("16"), 503),
            (Protocol::Http, 200, Some("16"), 200),
        ];
        for (protocol, status, grpc, expected) in rows {
            let mut response = Response::builder().status(status);
            if let Some(code) = grpc {
                response = response.header("grpc-status", code);
            }
            let (parts, ()) = response.body(()).unwrap().into_parts();
            let judged = protocol.judged(&parts).status().as_u16();
            assert_eq!(judged, expected, "{protocol:?} {status} {grpc:?}");
        }
    }
}
