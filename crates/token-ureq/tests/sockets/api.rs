//! An API behind a real socket, and an agent for it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use token_cache::TokenCache;
use token_core::TokenPlacement;
use token_testkit::{ApiRefusal, ApiVendor};
use tokio::runtime::{Builder, Runtime};
use ureq::Agent;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A server on a runtime of its own, so that the tests are threads without one.
pub(crate) struct Api {
    runtime: Runtime,
    server: Arc<MockServer>,
}

impl Api {
    pub(crate) fn start() -> Self {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let server = Arc::new(runtime.block_on(MockServer::start()));
        Self { runtime, server }
    }

    pub(crate) fn uri(&self) -> String {
        self.server.uri()
    }

    /// Answers all requests.
    pub(crate) fn answers(
        &self,
        answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) {
        let respond = move |request: &wiremock::Request| template(&answer(&plain(request)));
        let mock = Mock::given(any()).respond_with(respond);
        self.runtime.block_on(mock.mount(&self.server));
    }

    /// Returns the requests so far.
    pub(crate) fn received(&self) -> Vec<Request<Bytes>> {
        let received = self.runtime.block_on(self.server.received_requests());
        received.unwrap().iter().map(plain).collect()
    }
}

/// A vendor and its API.
pub(crate) struct Vendor {
    pub(crate) api: Api,
    pub(crate) vendor: ApiVendor,
}

impl Vendor {
    pub(crate) fn that_refuses(refusal: ApiRefusal) -> Self {
        Self::with(refusal, TokenPlacement::Bearer)
    }

    pub(crate) fn with(refusal: ApiRefusal, placement: TokenPlacement) -> Self {
        let api = Api::start();
        let vendor = ApiVendor::new(&api.uri(), refusal).unwrap();
        let vendor = vendor.placement(placement);
        let answering = vendor.clone();
        api.answers(move |request| answering.answer(request));
        Self { api, vendor }
    }

    /// The same, with an API that answers so whatever it is asked.
    pub(crate) fn that_answers(
        placement: TokenPlacement,
        answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        let api = Api::start();
        let vendor = ApiVendor::new(&api.uri(), ApiRefusal::Code).unwrap();
        api.answers(answer);
        let vendor = vendor.placement(placement);
        Self { api, vendor }
    }

    pub(crate) fn tokens(&self) -> TokenCache {
        let builder = TokenCache::builder(self.vendor.clone()).http_client(self.vendor.clone());
        builder.build().unwrap()
    }

    /// Returns an agent with ureq's own settings.
    pub(crate) fn agent(&self) -> Agent {
        token_ureq::agent(self.tokens().blocking(), |config| {
            config.build().new_agent()
        })
    }

    /// Returns an agent that returns answers with an error status.
    pub(crate) fn lenient_agent(&self) -> Agent {
        token_ureq::agent(self.tokens().blocking(), |config| {
            config.http_status_as_error(false).build().new_agent()
        })
    }

    pub(crate) fn url(&self) -> String {
        self.vendor.url("/things")
    }
}

pub(crate) fn answer(status: u16, header: (&str, &str), body: impl Into<Bytes>) -> Response<Bytes> {
    let response = Response::builder().status(status);
    response
        .header(header.0, header.1)
        .body(body.into())
        .unwrap()
}

fn plain(request: &wiremock::Request) -> Request<Bytes> {
    let mut plain = Request::new(Bytes::copy_from_slice(&request.body));
    *plain.method_mut() = request.method.clone();
    *plain.uri_mut() = request.url.as_str().parse().unwrap();
    *plain.headers_mut() = request.headers.clone();
    plain
}

fn template(response: &Response<Bytes>) -> ResponseTemplate {
    let mut template =
        ResponseTemplate::new(response.status()).set_body_bytes(response.body().to_vec());
    for (name, value) in response.headers() {
        template = template.insert_header(name, value);
    }
    template
}
