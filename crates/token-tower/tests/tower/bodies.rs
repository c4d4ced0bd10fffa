//! Bodies of requests: what is sent twice, and what the endpoint can read.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::{Request, Response, StatusCode};
use token_tower::token_core::{ErrorKind, TokenPlacement};
use token_tower::{RequestBody, TokenLayer};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tower::{Layer, service_fn};

use crate::channel::{Channel, Frame, body_of, channel, next};
use crate::service::{Api, BoxError, Received, Reply, api_of, failure, reply, send};
use crate::vendor::TokenServer;

const API: &str = "https://api.acme.example";
const MINUTE: Duration = Duration::from_secs(60);

type Streamed = Request<RequestBody<Channel>>;

fn post<B>(body: B) -> Request<B> {
    Request::post(API).body(body).unwrap()
}

/// An API that accepts the tokens of this server.
fn judging<B>(tokens: &TokenServer) -> (Api<Request<B>>, Received)
where
    B: Body<Data = Bytes, Error = BoxError> + Send + 'static,
{
    let tokens = tokens.clone();
    api_of(move |parts| match tokens.accepts(&parts.headers) {
        true => reply(200, ""),
        false => reply(401, ""),
    })
}

/// Returns a server whose first token is revoked already, and a layer that has it.
async fn revoked() -> (TokenServer, TokenLayer) {
    let tokens = TokenServer::default();
    let cache = tokens.cache(API);
    cache.token().await.unwrap();
    tokens.revoke();
    (tokens, TokenLayer::new(cache))
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_sent_again_from_its_beginning() {
    let (tokens, layer) = revoked().await;
    let (service, received) = judging(&tokens);
    let (pieces, body) = channel();
    let calling = tokio::spawn({
        let service = layer.layer(service);
        async move { send(&service, post(body)).await }
    });
    pieces.send("one ");
    tokio::task::yield_now().await;
    pieces.send("two ");
    tokio::task::yield_now().await;
    pieces.send("three");
    drop(pieces);
    let response = calling.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(received.bodies(), ["one two three", "one two three"]);
}

/// A request whose body the API has begun to read.
type Begun = (RequestBody<Channel>, oneshot::Sender<Reply>);

/// An API that hands its requests to the test.
fn handing() -> (Api<Streamed>, mpsc::UnboundedReceiver<Begun>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let service = service_fn(move |request: Streamed| {
        let (respond, response) = oneshot::channel();
        sender.send((request.into_body(), respond)).unwrap();
        async move { response.await.map_err(io::Error::other) }
    });
    (Api::new(service), receiver)
}

#[tokio::test(start_paused = true)]
async fn a_refusal_before_the_stream_has_ended_moves_the_stream_to_the_second_send() {
    let (_, layer) = revoked().await;
    let (service, mut requests) = handing();
    let service = layer.layer(service);
    let (pieces, body) = channel();
    let calling = tokio::spawn(async move { send(&service, post(body)).await });
    let (mut first, respond) = requests.recv().await.unwrap();
    pieces.send("one");
    assert_eq!(next(&mut first).await.unwrap(), "one");
    // The client still waits for the next piece when the API answers.
    let waiting = tokio::spawn(async move { next(&mut first).await });
    tokio::task::yield_now().await;
    respond.send(reply(401, "")).unwrap();

    let (mut second, respond) = requests.recv().await.unwrap();
    let ended = timeout(MINUTE, waiting)
        .await
        .expect("it is woken")
        .unwrap();
    assert!(ended.unwrap_err().to_string().contains("sent again"));
    pieces.send("two");
    assert_eq!(next(&mut second).await.unwrap(), "one");
    assert_eq!(next(&mut second).await.unwrap(), "two");
    drop(pieces);
    assert!(second.frame().await.is_none());
    respond.send(reply(200, "")).unwrap();
    assert_eq!(calling.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_which_too_much_was_sent_is_an_error_and_the_next_request_has_a_new_token() {
    let (tokens, layer) = revoked().await;
    let (service, received) = judging(&tokens);
    let service = layer.replay_limit(10).layer(service);
    let (pieces, body) = channel();
    let calling = {
        let service = service.clone();
        tokio::spawn(async move { send(&service, post(body)).await })
    };
    tokio::task::yield_now().await;
    pieces.send("0123456789");
    pieces.send("x");
    drop(pieces);
    let error = failure(calling.await.unwrap());
    assert_eq!(error.kind(), ErrorKind::Transient { after: None });
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert!(
        error.to_string().contains("cannot be sent again"),
        "{error}"
    );
    assert_eq!(received.bodies(), ["0123456789x"]);
    let response = send(&service, post(body_of(&["short"]))).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_exactly_the_limit_is_sent_again() {
    let (tokens, layer) = revoked().await;
    let (service, received) = judging(&tokens);
    let service = layer.replay_limit(10).layer(service);
    let (pieces, body) = channel();
    let calling = tokio::spawn(async move { send(&service, post(body)).await });
    tokio::task::yield_now().await;
    pieces.send("01234");
    pieces.send("56789");
    drop(pieces);
    assert_eq!(calling.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(received.bodies(), ["0123456789", "0123456789"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_in_one_piece_has_no_limit() {
    let (tokens, layer) = revoked().await;
    let (service, received) = judging::<RequestBody<Full<Bytes>>>(&tokens);
    let service = layer.replay_limit(0).layer(service);
    let long = Bytes::from(vec![b'x'; 1 << 20]);
    send(&service, post(Full::from(long.clone())))
        .await
        .unwrap();
    assert_eq!(received.bodies(), [long.clone(), long]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_sent_before_its_stream_has_begun() {
    let (service, mut requests) = handing();
    let service = TokenLayer::new(TokenServer::default().cache(API)).layer(service);
    let (pieces, body) = channel();
    let calling = tokio::spawn(async move { send(&service, post(body)).await });
    let begun = timeout(MINUTE, requests.recv()).await.unwrap();
    let (mut body, respond) = begun.unwrap();
    // What the caller sends depends on the answer, as in a chat over gRPC.
    respond.send(reply(200, "")).unwrap();
    calling.await.unwrap().unwrap();
    pieces.send("an answer to the answer");
    assert_eq!(next(&mut body).await.unwrap(), "an answer to the answer");
}

#[tokio::test(start_paused = true)]
async fn trailers_of_a_request_are_sent_again() {
    let (tokens, layer) = revoked().await;
    let trailers = Arc::new(Mutex::new(0));
    let (judge, seen) = (tokens.clone(), Arc::clone(&trailers));
    let service = service_fn(move |request: Streamed| {
        let (judge, seen) = (judge.clone(), Arc::clone(&seen));
        async move {
            let (parts, body) = request.into_parts();
            let trailers = body.collect().await?.trailers().cloned();
            *seen.lock().unwrap() += trailers.map_or(0, |it| it.len());
            let status = if judge.accepts(&parts.headers) {
                200
            } else {
                401
            };
            Ok::<_, BoxError>(reply(status, ""))
        }
    });
    let (pieces, body) = channel();
    pieces.send("data");
    pieces.end_with_trailer("x-checksum");
    send(&layer.layer(service), post(body)).await.unwrap();
    assert_eq!(*trailers.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_before_it_is_sent_fails_the_request() {
    let (service, mut requests) = handing();
    let service = TokenLayer::new(TokenServer::default().cache(API)).layer(service);
    let (pieces, body) = channel();
    pieces.fail("the file cannot be read");
    let error = send(&service, post(body)).await.unwrap_err();
    assert_eq!(error.to_string(), "the file cannot be read");
    assert!(requests.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_in_a_form_is_not_put_into_a_stream() {
    let tokens = TokenServer::default();
    let cache = tokens.builder(API, TokenPlacement::Form("token".into()));
    let (service, mut requests) = handing();
    let service = TokenLayer::new(cache.build().unwrap()).layer(service);
    let (pieces, body) = channel();
    pieces.send("page=");
    let error = failure(send(&service, post(body)).await);
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("in one piece"), "{error}");
    assert!(requests.try_recv().is_err());
}

/// A long body that is always ready, and counts what was read of it.
struct Ready(Arc<AtomicUsize>);

impl Body for Ready {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, BoxError>>> {
        let is_over = self.0.fetch_add(1, Ordering::SeqCst) >= 10_000;
        Poll::Ready((!is_over).then(|| Ok(Frame::data("0123456789".into()))))
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_stream_that_is_ready_only_the_limit_is_read_before_it_is_sent() {
    let read = Arc::new(AtomicUsize::new(0));
    let (counted, at_call) = (Arc::clone(&read), Arc::new(AtomicUsize::new(0)));
    let noted = Arc::clone(&at_call);
    let service = service_fn(move |_: Request<RequestBody<Ready>>| {
        noted.store(counted.load(Ordering::SeqCst), Ordering::SeqCst);
        async { Ok::<_, BoxError>(reply(200, "")) }
    });
    let layer = TokenLayer::new(TokenServer::default().cache(API)).replay_limit(100);
    let service = layer.layer(service);
    send(&service, post(Ready(read))).await.unwrap();
    assert_eq!(at_call.load(Ordering::SeqCst), 11);
}

/// What the inner service can know of a body before it reads it.
async fn known<B>(body: B) -> (Option<u64>, bool)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (sender, mut known) = mpsc::unbounded_channel();
    let service = service_fn(move |request: Request<RequestBody<B>>| {
        let body = request.body();
        let fact = (body.size_hint().exact(), body.is_end_stream());
        sender.send(fact).unwrap();
        async { Ok::<_, BoxError>(Response::new(Full::<Bytes>::default())) }
    });
    let service = TokenLayer::new(TokenServer::default().cache(API)).layer(service);
    send(&service, post(body)).await.unwrap();
    known.recv().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_length_is_stated_if_it_was_and_an_empty_body_stays_empty() {
    assert_eq!(known(Empty::<Bytes>::new()).await, (Some(0), true));
    assert_eq!(known(Full::<Bytes>::default()).await, (Some(0), true));
    assert_eq!(known(Full::<Bytes>::from("12345")).await, (Some(5), false));
    assert_eq!(known(body_of(&["123", "45"])).await, (None, false));
    assert_eq!(known(channel().1).await, (None, false));
}
