use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

use token_core::{HttpClient, SendError, SendFailure};

/// An [`HttpClient`] that gives the answers it was told to give, in order, and keeps what it was
/// sent. Clones share one script.
///
/// ```
/// use token_testkit::ScriptedClient;
///
/// let client = ScriptedClient::new().answer(200, r#"{"access_token":"A1"}"#).answer(503, "");
/// assert_eq!(client.sent().len(), 0);
/// ```
///
/// When the script is over, a request fails with [`SendFailure::Other`], no byte sent.
#[derive(Clone, Default)]
pub struct ScriptedClient(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    answers: VecDeque<Result<http::Response<Bytes>, SendError>>,
    sent: Vec<Sent>,
}

/// A request as it would have gone over the wire.
#[derive(Clone)]
pub struct Sent {
    /// The method.
    pub method: http::Method,
    /// The whole URL.
    pub url: String,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body as text.
    pub body: String,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({})", self.method)
    }
}

impl ScriptedClient {
    /// A client without a script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Next, answers with this status and body.
    #[must_use]
    pub fn answer(self, status: u16, body: &str) -> Self {
        self.answer_with(status, &[], body)
    }

    /// Next, answers with this status, these headers and this body. A status or a header that HTTP
    /// does not know becomes 500, or is left out.
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

    /// Next, fails so.
    #[must_use]
    pub fn fail(self, error: SendError) -> Self {
        self.then(Err(error))
    }

    /// All that was sent so far.
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
        });
        let over =
            || Err(SendError::before_sending(SendFailure::Other).with_detail("the script is over"));
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
