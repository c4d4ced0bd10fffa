//! A vendor with an API, in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use token_core::{
    Answer, ApiOrigin, ApiResponse, ApiVerdict, Attempt, BaseUrl, BuildError, Error, HttpClient,
    Outcome, PlainHttp, Request, Rotation, Secret, SendError, Step, Token, TokenEndpoint, TokenKey,
    TokenPlacement, Validity,
};

/// The header of an API request by which [`ApiVendor::answer`] counts.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const TOKEN_REFUSED: &str = "91001";
const LONGEST_REFUSAL: usize = 256;

/// A vendor for tests of adapters: its token endpoint, the client that reaches it, and its API. It
/// does no I/O; a test puts [`answer`](Self::answer) behind any server. Clones share the vendor.
///
/// ```
/// use token_core::reexports::{Bytes, http};
/// use token_testkit::{ApiRefusal, ApiVendor};
///
/// let vendor = ApiVendor::new("http://127.0.0.1:8080", ApiRefusal::Status)?;
/// // TokenCache::builder(vendor.clone()).http_client(vendor.clone()).build()?
/// let request = http::Request::get("http://127.0.0.1:8080/x").body(Bytes::new()).unwrap();
/// assert_eq!(vendor.answer(&request).status(), 401);
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct ApiVendor {
    base: BaseUrl,
    refusal: ApiRefusal,
    placement: TokenPlacement,
    state: Arc<Mutex<State>>,
}

/// How an API refuses a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiRefusal {
    /// With 401 and a challenge (RFC 6750 section 3).
    Status,
    /// With HTTP 200 and a code in the body, as many vendors do.
    Code,
}

#[derive(Default)]
struct State {
    issued: u64,
    live: Option<Secret>,
    executed: HashMap<String, u64>,
}

impl ApiVendor {
    /// Creates a vendor whose API is at this URL.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if that is no URL.
    pub fn new(url: &str, refusal: ApiRefusal) -> Result<Self, BuildError> {
        Ok(Self {
            base: BaseUrl::parse(url, PlainHttp::Allowed)?,
            refusal,
            placement: TokenPlacement::Bearer,
            state: Arc::default(),
        })
    }

    /// Sets how the token travels with API requests. Default: [`TokenPlacement::Bearer`].
    #[must_use]
    pub fn placement(self, placement: TokenPlacement) -> Self {
        Self { placement, ..self }
    }

    /// Returns the URL of this path of the API.
    pub fn url(&self, path: &str) -> String {
        self.base.join(path)
    }

    /// Revokes the token, so that the API refuses it.
    pub fn revoke(&self) {
        self.state().live = None;
    }

    /// Returns how many tokens were issued.
    pub fn exchanges(&self) -> u64 {
        self.state().issued
    }

    /// Returns how often the request with this [id](REQUEST_ID) was accepted and carried out.
    pub fn executions(&self, id: &str) -> u64 {
        self.state().executed.get(id).copied().unwrap_or_default()
    }

    /// Returns whether the live token is on the request.
    pub fn accepts(&self, request: &http::Request<Bytes>) -> bool {
        let state = self.state();
        let live = state.live.as_ref();
        live.is_some_and(|live| self.is_on(live.expose(), request))
    }

    /// Answers an API request: carries it out, or refuses it.
    pub fn answer(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        if !self.accepts(request) {
            return self.refuse();
        }
        if let Some(id) = request.headers().get(REQUEST_ID) {
            let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
            *self.state().executed.entry(id).or_default() += 1;
        }
        json(StatusCode::OK, r#"{"code":0}"#.into())
    }

    /// Returns the answer of the API that refuses a token.
    pub fn refuse(&self) -> http::Response<Bytes> {
        if self.refusal == ApiRefusal::Code {
            return json(StatusCode::OK, format!(r#"{{"code":{TOKEN_REFUSED}}}"#));
        }
        let mut answer = json(StatusCode::UNAUTHORIZED, String::new());
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        answer.headers_mut().insert("www-authenticate", challenge);
        answer
    }

    fn is_on(&self, live: &str, request: &http::Request<Bytes>) -> bool {
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        let is_pair = |pair: &str, name: &str| pair.split_once('=') == Some((name, live));
        match &self.placement {
            TokenPlacement::Bearer => {
                header("authorization").and_then(|it| it.strip_prefix("Bearer ")) == Some(live)
            }
            TokenPlacement::Header(name) => header(name.as_str()) == Some(live),
            TokenPlacement::Query(name) => {
                let query = request.uri().query().unwrap_or_default();
                query.split('&').any(|pair| is_pair(pair, name))
            }
            TokenPlacement::Form(name) => {
                let form = String::from_utf8_lossy(request.body());
                form.split('&').any(|pair| is_pair(pair, name))
            }
            _ => header("authorization") == Some(live),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, step: Step) -> Result<Request, Error> {
        Request::post(&self.base, "/token").build(step)
    }
}

impl TokenEndpoint for ApiVendor {
    fn key(&self) -> TokenKey {
        TokenKey::of("api-vendor", &self.base.deployment(), "default")
    }

    fn rotation(&self) -> Rotation {
        Rotation::Idempotent
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        Some(self.ask(Step::Login))
    }

    fn refresh(&self, _token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        self.ask(Step::Login)
    }

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        let access = answer.document()?.secret(&["token"]);
        let access = access.ok_or_else(|| answer.not_understood("it has no token"))?;
        let validity = Validity::without_end(answer.asked_at());
        let token = Token::builder(access, validity).placement(self.placement.clone());
        Ok(Outcome::Issued(token.build()?))
    }

    fn api_origins(&self) -> Vec<ApiOrigin> {
        vec![self.base.origin()]
    }

    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        let code = response.document().and_then(|it| it.code(&["code"]));
        match code.as_deref() {
            Some(TOKEN_REFUSED) => ApiVerdict::TokenRefused,
            _ => response.bearer_verdict(),
        }
    }

    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        let is_in_body = self.refusal == ApiRefusal::Code && response.status().is_success();
        (is_in_body && response.may_be_json_within(LONGEST_REFUSAL)).then_some(LONGEST_REFUSAL)
    }
}

#[async_trait]
impl HttpClient for ApiVendor {
    /// Issues the next token.
    async fn send(
        &self,
        _request: http::Request<Bytes>,
        _within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let mut state = self.state();
        state.issued += 1;
        let token = format!("s3cr3t-token-{}", state.issued);
        let body = format!(r#"{{"token":"{token}"}}"#);
        state.live = Some(Secret::from(token));
        Ok(json(StatusCode::OK, body))
    }
}

impl fmt::Debug for ApiVendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiVendor({:?})", self.refusal)
    }
}

fn json(status: StatusCode, body: String) -> http::Response<Bytes> {
    let mut answer = http::Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert("content-type", kind);
    answer
}
