//! Reads an answer: checks its head, reads its body up to the limit, and decompresses it if needed.

use std::io::{self, Read};
use std::pin::pin;

use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use token_core::{ErrorKind, LONGEST_BODY, SendError, SendFailure};

use crate::failure::cut_answer;
use crate::time::{TimeLeft, TimedOut};

/// hyper's default limit.
const MOST_HEADERS: usize = 100;
/// The limit that hyper gets on a new connection, so that the status of an answer with too many is
/// still known. For each answer hyper allocates twice 32 bytes for each header that there may be,
/// and pieces of many kilobytes are what threads wait for in glibc's allocator.
pub(crate) const MOST_HEADERS_READ: usize = 256;

pub(crate) async fn whole_answer(
    response: &mut reqwest::Response,
    time: &mut TimeLeft,
) -> Result<http::Response<Bytes>, SendError> {
    check_headers(response)?;
    let body = whole_body(response, time).await?;
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.status();
    *answer.version_mut() = response.version();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    decompressed(answer)
}

/// Rejects an answer with too many headers: no token endpoint sends one. A success is accepted,
/// because the tokens issued for a used refresh token must not be lost. So is a status that asks
/// the client to wait or leaves the outcome unknown: it means the same with any number of headers.
fn check_headers(response: &reqwest::Response) -> Result<(), SendError> {
    let status = response.status();
    if response.headers().len() <= MOST_HEADERS || status.is_success() || leaves_open(status) {
        return Ok(());
    }
    let detail = format!(
        "it has more than {MOST_HEADERS} headers (status {})",
        status.as_u16()
    );
    Err(SendError::maybe_sent(SendFailure::TooLong)
        .as_kind(ErrorKind::Protocol)
        .with_status(status)
        .with_detail(detail))
}

fn leaves_open(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

async fn whole_body(
    response: &mut reqwest::Response,
    time: &mut TimeLeft,
) -> Result<Bytes, SendError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > LONGEST_BODY as u64 {
        return Err(SendError::maybe_sent(SendFailure::TooLong));
    }
    let first = next_chunk(response, time).await?.unwrap_or_default();
    let Some(second) = next_chunk(response, time).await? else {
        return within_limit(first);
    };
    let mut body = Vec::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(SendError::maybe_sent(SendFailure::TooLong));
        }
        body.extend_from_slice(&chunk);
        next = next_chunk(response, time).await?;
    }
    Ok(body.into())
}

fn within_limit(body: Bytes) -> Result<Bytes, SendError> {
    match body.len() > LONGEST_BODY {
        true => Err(SendError::maybe_sent(SendFailure::TooLong)),
        false => Ok(body),
    }
}

async fn next_chunk(
    response: &mut reqwest::Response,
    time: &mut TimeLeft,
) -> Result<Option<Bytes>, SendError> {
    match time.part(pin!(response.chunk())).await {
        Ok(chunk) => chunk.map_err(|error| cut_answer(&error)),
        Err(TimedOut) => Err(SendError::maybe_sent(SendFailure::Timeout)),
    }
}

/// Compression is never requested, but some proxies compress anyway.
fn decompressed(answer: http::Response<Bytes>) -> Result<http::Response<Bytes>, SendError> {
    let (mut head, body) = answer.into_parts();
    let plain = match compression(&head.headers, &body) {
        Some(Compression::Gzip) => capped(MultiGzDecoder::new(&body[..]))?,
        Some(Compression::Zlib) => capped(ZlibDecoder::new(&body[..]))?,
        None => return Ok(http::Response::from_parts(head, body)),
    };
    head.headers.remove(CONTENT_ENCODING);
    head.headers.remove(CONTENT_LENGTH);
    Ok(http::Response::from_parts(head, plain))
}

enum Compression {
    Gzip,
    Zlib,
}

/// Detects compression by the body's first bytes, because some servers compress without saying so
/// and some say so without compressing. No text begins like gzip. Text can begin like zlib, so for
/// zlib the header must say so too.
fn compression(headers: &HeaderMap, body: &[u8]) -> Option<Compression> {
    match body {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        [method, flags, ..] if is_zlib(*method, *flags) && says_deflate(headers) => {
            Some(Compression::Zlib)
        }
        _ => None,
    }
}

/// RFC 1950, section 2.2: compression method 8, and both bytes together a multiple of 31.
fn is_zlib(method: u8, flags: u8) -> bool {
    method & 0x0f == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

fn says_deflate(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"deflate"))
}

fn capped(compressed: impl Read) -> Result<Bytes, SendError> {
    let mut plain = Vec::new();
    // one byte over the limit shows that the body is too long
    let read = compressed
        .take(LONGEST_BODY as u64 + 1)
        .read_to_end(&mut plain);
    read.map_err(|error| undecodable(&error))?;
    if plain.len() > LONGEST_BODY {
        return Err(SendError::maybe_sent(SendFailure::TooLong));
    }
    Ok(plain.into())
}

fn undecodable(error: &io::Error) -> SendError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return SendError::maybe_sent(SendFailure::Interrupted)
            .with_detail("the compressed answer is cut short");
    }
    SendError::maybe_sent(SendFailure::Other)
        .with_detail("the compressed answer cannot be decompressed")
}
