//! Bodies of answers: read to judge the answer, or passed through.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::{Response, StatusCode};
use token_tower::{ResponseBody, TokenLayer};
use tokio::time::timeout;
use tower::{Layer, service_fn};

use crate::channel::{Channel, body_of, channel, next};
use crate::service::{BoxError, Whole, get, send};
use crate::vendor::{LONGEST_REFUSAL, REFUSED, TokenServer};

const API: &str = "https://api.acme.example";
const MINUTE: Duration = Duration::from_secs(60);

type Answers = Vec<Response<Channel>>;

fn json(body: Channel) -> Response<Channel> {
    let response = Response::builder().header("content-type", "application/json");
    response.body(body).unwrap()
}

/// Sends one request to an API that gives these answers in turn, and returns the last one and how
/// often it was asked.
async fn ask(answers: Answers) -> (Response<ResponseBody<Channel>>, usize) {
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let given = Arc::clone(&answers);
    let api = service_fn(move |_: Whole| {
        let answer = given.lock().unwrap().next();
        async move { answer.ok_or_else(|| BoxError::from("no more answers")) }
    });
    let count = answers.lock().unwrap().len();
    let service = TokenLayer::new(TokenServer::default().cache(API)).layer(api);
    let response = timeout(MINUTE, send(&service, get(API))).await.unwrap();
    let left = answers.lock().unwrap().len();
    (response.unwrap(), count - left)
}

async fn text(response: Response<ResponseBody<Channel>>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test(start_paused = true)]
async fn a_code_that_comes_in_pieces_is_found() {
    let (front, back) = REFUSED.split_at(12);
    let refused = json(body_of(&[front, "", back]));
    let (response, sent) = ask(vec![refused, json(body_of(&["{\"code\":", "0}"]))]).await;
    assert_eq!(sent, 2);
    assert_eq!(text(response).await, r#"{"code":0}"#);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_for_a_code_is_handed_on_while_it_comes() {
    let (pieces, body) = channel();
    let long: &str = "x".repeat(LONGEST_REFUSAL + 1).leak();
    let (front, back) = long.split_at(10);
    pieces.send(front);
    pieces.send(back);
    // The rest has not come yet.
    let (response, sent) = ask(vec![json(body)]).await;
    assert_eq!(sent, 1);
    pieces.send(" and the rest");
    drop(pieces);
    assert_eq!(text(response).await, format!("{long} and the rest"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_is_handed_on_after_a_second() {
    let (pieces, body) = channel();
    pieces.send("{\"watched\":1}\n");
    // Nothing more comes until the caller has the answer.
    let began = tokio::time::Instant::now();
    let (response, sent) = ask(vec![json(body)]).await;
    assert_eq!((sent, began.elapsed().as_secs()), (1, 1));
    pieces.send("{\"watched\":2}\n");
    drop(pieces);
    assert_eq!(text(response).await, "{\"watched\":1}\n{\"watched\":2}\n");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_exactly_the_limit_is_judged() {
    let padding = " ".repeat(LONGEST_REFUSAL - REFUSED.len());
    let refused: &str = format!("{REFUSED}{padding}").leak();
    let (_, sent) = ask(vec![json(body_of(&[refused])), json(body_of(&["{}"]))]).await;
    assert_eq!(sent, 2);
    let longer: &str = format!("{REFUSED}{padding} ").leak();
    let (response, sent) = ask(vec![json(body_of(&[longer]))]).await;
    assert_eq!(sent, 1);
    assert_eq!(text(response).await, longer);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_needed_is_not_waited_for() {
    let (pieces, body) = channel();
    let (response, _) = ask(vec![Response::new(body)]).await;
    let mut body = response.into_body();
    pieces.send("first");
    assert_eq!(next(&mut body).await.unwrap(), "first");
    pieces.send("second");
    assert_eq!(next(&mut body).await.unwrap(), "second");
}

#[tokio::test(start_paused = true)]
async fn trailers_come_after_a_body_that_was_read() {
    let (pieces, body) = channel();
    pieces.send("{}");
    pieces.end_with_trailer("x-checksum");
    let (response, _) = ask(vec![json(body)]).await;
    let collected = response.into_body().collect().await.unwrap();
    assert!(collected.trailers().unwrap().contains_key("x-checksum"));
    assert_eq!(collected.to_bytes(), "{}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_while_it_is_read_breaks_at_the_same_place_for_the_caller() {
    let (pieces, body) = channel();
    pieces.send("{\"code\":");
    pieces.fail("the connection was reset");
    let (response, sent) = ask(vec![json(body)]).await;
    assert_eq!((response.status(), sent), (StatusCode::OK, 1));
    let mut body = response.into_body();
    assert_eq!(next(&mut body).await.unwrap(), "{\"code\":");
    let error = next(&mut body).await.unwrap_err();
    assert_eq!(error.to_string(), "the connection was reset");
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_length_is_known_whether_the_body_was_read_or_not() {
    for kind in ["application/json", "application/octet-stream"] {
        let api = service_fn(move |_: Whole| async move {
            let response = Response::builder().header("content-type", kind);
            Ok::<_, BoxError>(response.body(Full::<Bytes>::from("{}")).unwrap())
        });
        let service = TokenLayer::new(TokenServer::default().cache(API)).layer(api);
        let body = send(&service, get(API)).await.unwrap().into_body();
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(2), "{kind}");
        assert!(!http_body::Body::is_end_stream(&body));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "{}");
    }
}
