//! An API on a socket, a cache for its token, and both adapters.

use bytes::Bytes;
use reqwest::{Body, Method, Request, Response};
use reqwest_middleware::ClientWithMiddleware;
use token_cache::TokenCache;
use token_core::{Error, TokenPlacement};
use token_reqwest::{ApiClient, Execute, ExecuteError};
use token_testkit::{ApiRefusal, ApiVendor};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

pub(crate) struct Api {
    pub(crate) server: MockServer,
    pub(crate) vendor: ApiVendor,
    pub(crate) tokens: TokenCache,
}

impl Api {
    pub(crate) async fn start(refusal: ApiRefusal) -> Self {
        Self::with(refusal, TokenPlacement::Bearer).await
    }

    /// Starts the vendor's API, which answers by its own rules.
    pub(crate) async fn with(refusal: ApiRefusal, placement: TokenPlacement) -> Self {
        let server = MockServer::start().await;
        let vendor = ApiVendor::new(&server.uri(), refusal).unwrap();
        let vendor = vendor.placement(placement);
        let tokens = TokenCache::builder(vendor.clone())
            .http_client(vendor.clone())
            .build()
            .unwrap();
        let api = Self {
            server,
            vendor,
            tokens,
        };
        let vendor = api.vendor.clone();
        api.answer_by(move |request: &wiremock::Request| answered(&vendor.answer(&seen(request))))
            .await;
        api
    }

    /// Answers all requests this way instead.
    pub(crate) async fn answer_by(&self, answer: impl Respond + 'static) {
        self.server.reset().await;
        let mock = Mock::given(any()).respond_with(answer);
        mock.mount(&self.server).await;
    }

    /// Answers with this, if the token is on the request.
    pub(crate) async fn answer_accepted(&self, answer: ResponseTemplate) {
        let vendor = self.vendor.clone();
        self.answer_by(
            move |request: &wiremock::Request| match vendor.accepts(&seen(request)) {
                true => answer.clone(),
                false => answered(&vendor.refuse()),
            },
        )
        .await;
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: impl Into<Body>) -> Request {
        let mut request = self.request(Method::POST, path);
        *request.body_mut() = Some(body.into());
        request
    }

    fn request(&self, method: Method, path: &str) -> Request {
        let url = format!("{}{path}", self.server.uri());
        Request::new(method, url.parse().unwrap())
    }

    pub(crate) async fn received(&self) -> Vec<wiremock::Request> {
        self.server.received_requests().await.unwrap()
    }

    pub(crate) fn adapters(&self) -> [Adapter; 2] {
        [
            Adapter::Execute(self.tokens.clone(), following()),
            Adapter::Middleware(token_reqwest::client(self.tokens.clone(), following())),
        ]
    }
}

/// A client that follows redirects within an origin.
pub(crate) fn following() -> ApiClient {
    ApiClient::from_builder(reqwest::Client::builder().no_proxy()).unwrap()
}

#[derive(Clone)]
pub(crate) enum Adapter {
    Execute(TokenCache, ApiClient),
    Middleware(ClientWithMiddleware),
}

impl Adapter {
    pub(crate) async fn send(&self, request: Request) -> Result<Response, ExecuteError> {
        let result = match self {
            Self::Execute(tokens, http) => return tokens.execute(http, request).await,
            Self::Middleware(client) => client.execute(request).await,
        };
        result.map_err(|error| match error {
            reqwest_middleware::Error::Middleware(error) => {
                ExecuteError::Token(error.downcast().unwrap())
            }
            reqwest_middleware::Error::Reqwest(error) => ExecuteError::Transport(error),
        })
    }

    pub(crate) async fn fail(&self, request: Request) -> Error {
        match self.send(request).await {
            Err(ExecuteError::Token(error)) => error,
            other => unreachable!("no failure of the token: {other:?}"),
        }
    }
}

pub(crate) fn seen(request: &wiremock::Request) -> http::Request<Bytes> {
    let mut seen = http::Request::new(Bytes::from(request.body.clone()));
    *seen.method_mut() = request.method.clone();
    *seen.uri_mut() = request.url.as_str().parse().unwrap();
    *seen.headers_mut() = request.headers.clone();
    seen
}

pub(crate) fn answered(answer: &http::Response<Bytes>) -> ResponseTemplate {
    let template = ResponseTemplate::new(answer.status().as_u16());
    let kind = answer.headers()["content-type"].to_str().unwrap();
    let mut template = template.set_body_raw(answer.body().to_vec(), kind);
    for (name, value) in answer.headers() {
        template = template.insert_header(name, value);
    }
    template
}
