//! A client of tonic whose token the API revokes: the call is sent once more with a new token.
//!
//! Everything runs on the loopback device: `cargo run --example tonic`. The messages, the client
//! and the server are written by hand, in the place of what `tonic-prost-build` generates.
#![expect(clippy::print_stdout, reason = "an example")]

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use oauth2_refresh::OAuth2;
use token_tower::token_cache::{TokenCache, TokenCacheBuilder};
use token_tower::token_core::reexports::http::{Request, Response, uri::PathAndQuery};
use token_tower::token_core::{self, BaseUrl, PlainHttp, http_fn};
use token_tower::{RequestBody, TokenLayer};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::{Service, ServiceBuilder};
use tower_http::map_request_body::MapRequestBodyLayer;

type BoxError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    for line in run().await? {
        println!("{line}");
    }
    Ok(())
}

/// Returns what the API answered, each time with the number of the token that it accepted.
pub(crate) async fn run() -> Result<Vec<String>, BoxError> {
    let revoked = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // Plain http, because it does not leave the machine. With TLS: `PlainHttp::Refused`.
    let url = format!("http://{}", listener.local_addr()?);
    let api = BaseUrl::parse(&url, PlainHttp::Allowed)?.origin();
    let server = Server::builder().add_service(Greeter(Arc::clone(&revoked)));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));

    // The token may go to this API, and this is where the channel goes: tonic's requests have no
    // host.
    let tokens = tokens()?.api_origin(api.clone()).build()?;
    let channel = Endpoint::from_shared(url)?.connect_lazy();
    let channel = ServiceBuilder::new()
        .layer(TokenLayer::new(tokens).for_origin(&api).grpc())
        .layer(MapRequestBodyLayer::new(Body::new::<RequestBody<Body>>))
        .service(channel);

    let mut client = GreeterClient(tonic::client::Grpc::new(channel));
    let first = client.hello("Ada").await?;
    revoked.store(1, Ordering::SeqCst);
    let second = client.hello("Bob").await?;
    // A token that is refused again is not tonic's error: it is the source of the status.
    revoked.store(usize::MAX, Ordering::SeqCst);
    let refused = client.hello("Eve").await.err().ok_or("no error")?;
    Ok(vec![first, second, advice(&refused)])
}

/// Finds the token's failure in a status.
fn advice(status: &Status) -> String {
    let source = status.source();
    match source.and_then(|source| source.downcast_ref::<token_core::Error>()) {
        Some(error) => error.kind().advice().to_owned(),
        None => status.to_string(),
    }
}

/// An OAuth 2.0 client, with a closure in the place of the token server.
fn tokens() -> Result<TokenCacheBuilder, BoxError> {
    let endpoint = OAuth2::builder("https://id.example.com")
        .client_id("app")
        .client_secret("the client's secret")
        .client_credentials()
        .build()?;
    let issued = AtomicUsize::new(0);
    let server = http_fn(move |_| {
        let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!(
            r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600}}"#
        );
        async move { Ok::<_, Infallible>(Response::new(token.into())) }
    });
    Ok(TokenCache::builder(endpoint).http_client(server))
}

/// `message Text { string text = 1; }`
#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

/// The client of `service Greeter { rpc Hello(Text) returns (Text); }`
struct GreeterClient<T>(tonic::client::Grpc<T>);

impl<T> GreeterClient<T>
where
    T: GrpcService<Body, Error: Into<BoxError>>,
    T::ResponseBody: http_body::Body<Error: Into<BoxError>> + Send + 'static,
{
    async fn hello(&mut self, name: &str) -> Result<String, Status> {
        let ready = self.0.ready().await;
        ready.map_err(|error| Status::new(Code::Unknown, error.into().to_string()))?;
        let text = name.to_owned();
        let path = PathAndQuery::from_static("/acme.Greeter/Hello");
        let codec = ProstCodec::<Text, Text>::default();
        let request = tonic::Request::new(Text { text });
        let response = self.0.unary(request, path, codec).await?;
        Ok(response.into_inner().text)
    }
}

/// The server. It refuses the tokens up to this number.
#[derive(Clone)]
struct Greeter(Arc<AtomicUsize>);

impl Greeter {
    fn greet(&self, request: tonic::Request<Text>) -> Result<tonic::Response<Text>, Status> {
        let header = request.metadata().get("authorization");
        let text = header.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let number = text.strip_prefix("Bearer token-").unwrap_or_default();
        match number.parse::<usize>() {
            Ok(number) if number > self.0.load(Ordering::SeqCst) => {
                let text = format!("Hello {} with token {number}", request.into_inner().text);
                Ok(tonic::Response::new(Text { text }))
            }
            _ => Err(Status::unauthenticated("the token is revoked")),
        }
    }
}

impl NamedService for Greeter {
    const NAME: &'static str = "acme.Greeter";
}

impl UnaryService<Text> for Greeter {
    type Response = Text;
    type Future = std::future::Ready<Result<tonic::Response<Text>, Status>>;

    fn call(&mut self, request: tonic::Request<Text>) -> Self::Future {
        std::future::ready(self.greet(request))
    }
}

impl Service<Request<Body>> for Greeter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let greeter = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Text, Text>::default());
            Ok(grpc.unary(greeter, request).await)
        })
    }
}
