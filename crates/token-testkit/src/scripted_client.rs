use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

use token_core::{HttpClient, Repeatable, SendError, SendFailure};

/// An [`HttpClient`] that returns prepared answers in order and records the requests. Clones share
/// both.
///
/// ```
/// use token_testkit::ScriptedClient;
///
/// let client = ScriptedClient::new().answer(200, r#"{"access_token":"A1"}"#).answer(503, "");
/// assert_eq!(client.sent().len(), 0);
/// ```
///
/// After the last answer, a request fails with [`SendFailure::Other`] before it is sent.
#[derive(Clone, Default)]
pub struct ScriptedClient(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    answers: VecDeque<Result<http::Response<Bytes>, SendError>>,
    sent: Vec<Sent>,
}

/// A recorded request.
#[derive(Clone)]
pub struct Sent {
    /// The method.
    pub method: http::Method,
    /// The full URL.
    pub url: String,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body as text.
    pub body: String,
    /// Whether the request was marked as [`Repeatable`].
    pub is_repeatable: bool,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({})", self.method)
    }
}

impl ScriptedClient {
    /// Returns a client without answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer with this status and body.
    #[must_use]
    pub fn answer(self, status: u16, body: &str) -> Self {
        self.answer_with(status, &[], body)
    }

    /// Adds an answer with this status, headers and body. An invalid status becomes 500, and an
    /// invalid header is left out.
    #[must_use]
    pub fn answer_with(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut response = http::Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let valid = headers.iter().filter_map(|(name, value)| {
            Some((
                HeaderName::try_from(*name).ok()?,
                HeaderValue::from_str(value).ok()?,
            ))
        });
        response.headers_mut().extend(valid);
        self.then(Ok(response))
    }

    /// Adds a failure.
    #[must_use]
    pub fn fail(self, error: SendError) -> Self {
        self.then(Err(error))
    }

    /// Returns the requests sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.script().sent.clone()
    }

    fn then(self, answer: Result<http::Response<Bytes>, SendError>) -> Self {
        self.script().answers.push_back(answer);
        self
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for ScriptedClient {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        _within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let mut script = self.script();
        script.sent.push(Sent {
            method: request.method().clone(),
            url: request.uri().to_string(),
            headers: request.headers().clone(),
            body: String::from_utf8_lossy(request.body()).into_owned(),
            is_repeatable: request.extensions().get::<Repeatable>().is_some(),
        });
        let over =
            || Err(SendError::before_sending(SendFailure::Other).with_detail("no answer is left"));
        script.answers.pop_front().unwrap_or_else(over)
    }
}

impl fmt::Debug for ScriptedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ScriptedClient({} answers left)",
            self.script().answers.len()
        )
    }
}
