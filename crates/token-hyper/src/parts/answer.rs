//! Reads an answer: checks its head, reads its body up to the limit, and decompresses it if needed.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use token_core::{ErrorKind, LONGEST_BODY, SendError, SendFailure};

/// hyper's default limit.
const MOST_HEADERS: usize = 100;
/// The limit that hyper gets on a new connection, so that the status of an answer with too many is
/// still known. For each answer hyper allocates twice 32 bytes for each header that there may be,
/// and pieces of many kilobytes are what threads wait for in glibc's allocator.
pub const MOST_HEADERS_READ: usize = 256;

/// Rejects an answer with too many headers: no token endpoint sends one. A success is accepted,
/// because the tokens issued for a used refresh token must not be lost. So is a status that asks
/// the client to wait or leaves the outcome unknown: it means the same with any number of headers.
///
/// # Errors
///
/// [`SendFailure::TooLong`] with the status, of the kind [`ErrorKind::Protocol`].
pub fn check_headers(status: StatusCode, headers: &HeaderMap) -> Result<(), SendError> {
    if headers.len() <= MOST_HEADERS || status.is_success() || leaves_open(status) {
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

/// A body that is read in pieces, up to [`LONGEST_BODY`]. A body of one piece is not copied.
///
/// ```
/// use bytes::Bytes;
/// use token_hyper::parts::Body;
///
/// let mut body = Body::announced(Some(2))?;
/// body.add(Bytes::from_static(b"{}"))?;
/// assert_eq!(body.into_bytes(), "{}");
/// # Ok::<(), token_core::SendError>(())
/// ```
#[derive(Debug, Default)]
pub struct Body {
    first: Bytes,
    all: Vec<u8>,
}

impl Body {
    /// Begins with the length, if it is known.
    ///
    /// # Errors
    ///
    /// [`SendFailure::TooLong`] if that is too long.
    pub fn announced(length: Option<u64>) -> Result<Self, SendError> {
        match length.is_some_and(|length| length > LONGEST_BODY as u64) {
            true => Err(SendError::maybe_sent(SendFailure::TooLong)),
            false => Ok(Self::default()),
        }
    }

    /// Adds a piece.
    ///
    /// # Errors
    ///
    /// [`SendFailure::TooLong`] if it is too long together with what came before.
    pub fn add(&mut self, piece: Bytes) -> Result<(), SendError> {
        let length = self.first.len().max(self.all.len());
        if length + piece.len() > LONGEST_BODY {
            return Err(SendError::maybe_sent(SendFailure::TooLong));
        }
        if length == 0 {
            self.first = piece;
            return Ok(());
        }
        if self.all.is_empty() {
            self.all = Vec::from(std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&piece);
        Ok(())
    }

    /// Returns the whole.
    pub fn into_bytes(self) -> Bytes {
        match self.all.is_empty() {
            true => self.first,
            false => self.all.into(),
        }
    }
}

/// Decompresses a body of gzip or zlib. Compression is never requested, but some proxies compress
/// anyway.
///
/// # Errors
///
/// [`SendFailure::TooLong`] if the body has more than [`LONGEST_BODY`] bytes then,
/// [`SendFailure::Interrupted`] if it is cut short, and [`SendFailure::Other`] if it is not valid.
pub fn decompressed(answer: http::Response<Bytes>) -> Result<http::Response<Bytes>, SendError> {
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
