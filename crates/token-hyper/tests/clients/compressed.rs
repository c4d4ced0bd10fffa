//! Answers that are compressed although compression was not requested.

use std::io::Write;

use crate::Client;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::Response;
use token_core::{HttpClient, LONGEST_BODY, SendError, SendFailure};

use super::raw::{MINUTE, RawServer, answer_of, assert_in_doubt, refresh, send_refresh};

const PLAIN: &str = r#"{"access_token":"A2","refresh_token":"R2"}"#;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

async fn answered_with(header: &str, body: &[u8]) -> Result<Response<Bytes>, SendError> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\n{header}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    let server = RawServer::answering(answer).await;
    let client = Client::new().unwrap();
    send_refresh(&client, &server.url("/t")).await
}

// FAULTS.md row 52
#[tokio::test]
async fn an_answer_compressed_without_request_is_decompressed() {
    let zipped = gzip(PLAIN.as_bytes());
    let twice = [zipped.as_slice(), &gzip(b" ")].concat();
    for (header, body) in [
        ("content-encoding: gzip\r\n", zipped.clone()),
        ("content-encoding: X-GZIP\r\n", zipped.clone()),
        ("", zipped),
        ("content-encoding: gzip\r\n", twice),
        ("content-encoding: gzip\r\n", PLAIN.into()),
        ("content-encoding: deflate\r\n", zlib(PLAIN.as_bytes())),
        ("content-encoding: deflate\r\n", PLAIN.into()),
    ] {
        let answer = answered_with(header, &body).await.unwrap();
        let read = String::from_utf8(answer.body().to_vec()).unwrap();
        assert_eq!(read.trim(), PLAIN, "{header}");
        let length = answer.headers().get("content-length");
        let is_plain = body == PLAIN.as_bytes();
        assert_eq!(length.is_some(), is_plain, "the length is of other bytes");
    }
}

// FAULTS.md row 52
#[tokio::test]
async fn a_body_that_exceeds_the_limit_is_cut_off() {
    let longest = gzip(&vec![b'x'; LONGEST_BODY]);
    let answer = answered_with("content-encoding: gzip\r\n", &longest)
        .await
        .unwrap();
    assert_eq!(answer.body().len(), LONGEST_BODY);
    let one_more = gzip(&vec![b'x'; LONGEST_BODY + 1]);
    let bomb = gzip(&vec![0; 32 * 1024 * 1024]);
    assert!(bomb.len() < LONGEST_BODY, "the bomb has to get through");
    for body in [one_more, bomb, zlib(&vec![b'x'; LONGEST_BODY + 1])] {
        let error = answered_with("content-encoding: deflate\r\n", &body)
            .await
            .unwrap_err();
        assert_in_doubt(&error, SendFailure::TooLong);
    }
}

// FAULTS.md row 52
#[tokio::test]
async fn a_compressed_body_that_is_cut_or_damaged_is_in_doubt() {
    let whole = gzip(PLAIN.as_bytes());
    let cut = &whole[..whole.len() - 9];
    let error = answered_with("content-encoding: gzip\r\n", cut)
        .await
        .unwrap_err();
    assert_in_doubt(&error, SendFailure::Interrupted);
    let mut damaged = whole.clone();
    damaged[12] ^= 0xff;
    let error = answered_with("content-encoding: gzip\r\n", &damaged)
        .await
        .unwrap_err();
    assert!(error.may_have_left(), "{error}");
    assert!(error.to_string().contains("compressed"), "{error}");
    assert!(!error.to_string().contains("access_token"), "{error}");
}

// FAULTS.md row 52
#[tokio::test]
async fn an_accept_encoding_header_is_sent_as_given() {
    let server = RawServer::answering(answer_of("{}")).await;
    let mut request = refresh(&server.url("/t"));
    let headers = request.headers_mut();
    headers.insert("accept-encoding", "identity".parse().unwrap());
    let client = Client::new().unwrap();
    client.send(request, MINUTE).await.unwrap();
    let said = server.heard().all().concat().to_lowercase();
    assert_eq!(said.matches("accept-encoding").count(), 1, "{said}");
    assert!(said.contains("accept-encoding: identity\r\n"), "{said}");
}
