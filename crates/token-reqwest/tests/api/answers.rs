//! Answers are handed on as they came.

use std::time::Duration;

use token_core::TokenPlacement;
use token_reqwest::ExecuteError;
use token_testkit::ApiRefusal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::ResponseTemplate;

use crate::fixture::Api;

/// Under the limit of the vendor's endpoint, at it, over it, and large.
const LENGTHS: [usize; 6] = [0, 1, 256, 257, 70_000, 3_000_000];

#[tokio::test]
async fn an_answer_is_whole_whatever_was_read_of_it_to_judge_it() {
    let api = Api::start(ApiRefusal::Code).await;
    for length in LENGTHS {
        let content = "x".repeat(length);
        let answer = ResponseTemplate::new(200)
            .set_body_raw(content.clone(), "application/json")
            .insert_header("x-own", "1");
        api.answer_accepted(answer).await;
        for adapter in api.adapters() {
            let answer = adapter.send(api.get("/things?page=2")).await.unwrap();
            assert_eq!(answer.headers()["x-own"], "1");
            assert_eq!(answer.url().path(), "/things");
            assert_eq!(answer.url().query(), Some("page=2"));
            assert_eq!(answer.version(), http::Version::HTTP_11);
            assert_eq!(answer.remote_addr(), Some(*api.server.address()));
            assert_eq!(answer.content_length(), Some(length as u64));
            assert!(answer.text().await.unwrap() == content);
        }
    }
    assert_eq!(api.vendor.exchanges(), 1);
}

/// A server that answers once: this head, and then each chunk when the test says so.
async fn chunked(listener: TcpListener, chunks: Vec<&'static str>) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = vec![0; 4096];
    assert_ne!(stream.read(&mut request).await.unwrap(), 0);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for chunk in chunks {
        let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len());
        stream.write_all(chunk.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    stream
}

async fn tokens_for(listener: &TcpListener) -> token_cache::TokenCache {
    let url = format!("http://{}", listener.local_addr().unwrap());
    let vendor = token_testkit::ApiVendor::new(&url, ApiRefusal::Code).unwrap();
    let tokens = token_cache::TokenCache::builder(vendor.clone()).http_client(vendor);
    tokens.build().unwrap()
}

#[tokio::test]
async fn a_long_stream_is_handed_on_while_it_still_comes() {
    use token_reqwest::Execute;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tokens = tokens_for(&listener).await;
    let url = format!("http://{}/", listener.local_addr().unwrap());
    const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123456789";
    let serving = tokio::spawn(chunked(listener, vec![LONG; 5]));
    let http = crate::fixture::following();
    let request = http.get(url).build().unwrap();
    // the server has not ended the body yet, so this ends only if no more is read than is needed
    let mut answer = tokens.execute(&http, request).await.unwrap();
    let mut stream = serving.await.unwrap();
    stream.write_all(b"3\r\nend\r\n0\r\n\r\n").await.unwrap();
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    assert_eq!(
        String::from_utf8(text).unwrap(),
        format!("{}end", LONG.repeat(5))
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_is_handed_on_before_it_ends() {
    use token_reqwest::Execute;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let vendor = token_testkit::ApiVendor::new(&url, ApiRefusal::Code).unwrap();
    let tokens = token_cache::TokenCache::builder(vendor.clone()).http_client(vendor);
    let tokens = tokens.runtime(tokio::runtime::Handle::current());
    let tokens = tokens.build().unwrap();
    let serving = tokio::spawn(chunked(listener, vec!["{}\n"]));
    let http = crate::fixture::following();
    let sending = tokens.execute(&http, http.get(&url).build().unwrap());
    let answer = tokio::time::timeout(Duration::from_secs(60), sending).await;
    let answer = answer.expect("the stream is not waited for").unwrap();
    let mut stream = serving.await.unwrap();
    stream.write_all(b"3\r\nend\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "{}\nend");
}

#[tokio::test]
async fn an_answer_that_is_cut_while_it_is_judged_is_a_failure_of_the_transport() {
    use token_reqwest::Execute;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tokens = tokens_for(&listener).await;
    let url = format!("http://{}/?key=s3cr3t", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { drop(chunked(listener, vec!["{\"code\""]).await) });
    let http = crate::fixture::following();
    let request = http.get(url).build().unwrap();
    let error = tokens.execute(&http, request).await.unwrap_err();
    serving.await.unwrap();
    assert!(matches!(error, ExecuteError::Transport(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn the_timeout_of_a_request_holds_for_the_second_sending_too() {
    let api = Api::start(ApiRefusal::Status).await;
    api.tokens.token().await.unwrap();
    api.vendor.revoke();
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    api.answer_accepted(slow).await;
    let mut request = api.get("/");
    *request.timeout_mut() = Some(Duration::from_millis(200));
    let Err(ExecuteError::Transport(error)) = api.adapters()[0].send(request).await else {
        unreachable!("it did not time out")
    };
    assert!(error.is_timeout());
    assert_eq!(api.received().await.len(), 2);
}

#[tokio::test]
async fn an_answer_with_the_token_in_its_url_does_not_show_it_even_in_an_error() {
    let placement = TokenPlacement::Query("access_token".into());
    let api = Api::with(ApiRefusal::Status, placement).await;
    let failed = ResponseTemplate::new(500).set_body_string("content");
    api.answer_accepted(failed).await;
    for adapter in api.adapters() {
        let answer = adapter.send(api.get("/things?page=2")).await.unwrap();
        let error = answer.error_for_status_ref().unwrap_err();
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        assert!(error.to_string().contains("/things?page=2"), "{error}");
        assert_eq!(answer.text().await.unwrap(), "content");
    }
}
