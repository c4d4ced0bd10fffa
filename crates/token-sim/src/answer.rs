//! HTTP answers, sent by a vendor's simulator or by a fault instead of it.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// A status, headers and a body: what [`Fault::answer`](crate::Fault::answer) sends instead of the
/// vendor's answer.
///
/// ```
/// use token_sim::Answer;
///
/// let busy = Answer::new(503).header("retry-after", "17").text("come back later");
/// assert_eq!(busy.status(), 503);
/// ```
#[derive(Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Returns an answer with an empty body. An invalid HTTP status becomes 500.
    pub fn new(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    /// Returns an answer with a JSON body and `content-type: application/json`.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status)
            .header("content-type", "application/json;charset=UTF-8")
            .body(body.to_string())
    }

    /// Adds a header. An invalid name or value is left out.
    ///
    /// `Content-Length` and `Date` are added if they are not set here.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            self.headers.append(name, value);
        }
        self
    }

    /// Sets the body, in bytes.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a body of plain text.
    #[must_use]
    pub fn text(self, body: &str) -> Self {
        self.header("content-type", "text/plain;charset=UTF-8")
            .body(body)
    }

    /// Sets an HTML body.
    #[must_use]
    pub fn html(self, body: &str) -> Self {
        self.header("content-type", "text/html;charset=UTF-8")
            .body(body)
    }

    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Replaces the content type, if one is passed.
    pub(crate) fn retyped(mut self, content_type: Option<&'static str>) -> Self {
        if let Some(content_type) = content_type {
            let value = HeaderValue::from_static(content_type);
            self.headers.insert(http::header::CONTENT_TYPE, value);
        }
        self
    }

    /// Replaces the status; an invalid HTTP status becomes 500.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = Self::new(status).status;
        self
    }

    pub(crate) fn status_line(&self) -> String {
        let reason = self.status.canonical_reason().unwrap_or("Unknown");
        format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16())
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    pub(crate) fn content(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
