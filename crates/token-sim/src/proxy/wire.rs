//! Reads HTTP/1.1 messages in full (RFC 9112).

use std::io;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt};

const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 16 * 1024 * 1024;
const PIECE: usize = 16 * 1024;

/// A stream, and what was read from it but not used yet.
pub(super) struct Inbox<S> {
    stream: S,
    unused: Vec<u8>,
}

/// The first line of a message and its headers.
pub(super) struct Head {
    pub(super) first_line: String,
    pub(super) headers: HeaderMap,
}

/// How the end of a body is found.
#[derive(Clone, Copy)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl<S: AsyncRead + Unpin> Inbox<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            unused: Vec::new(),
        }
    }

    pub(super) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Waits until there is something to read; returns false if the stream has ended.
    pub(super) async fn has_more(&mut self) -> io::Result<bool> {
        Ok(!self.unused.is_empty() || self.fill().await? > 0)
    }

    pub(super) async fn head(&mut self) -> io::Result<Head> {
        Head::parse(&self.until(b"\r\n\r\n").await?)
    }

    pub(super) async fn body(&mut self, framing: Framing) -> io::Result<Vec<u8>> {
        match framing {
            Framing::Length(length) => self.exactly(length).await,
            Framing::Chunked => self.chunks().await,
            Framing::UntilClose => self.rest().await,
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > BODY_LIMIT {
            return Err(malformed());
        }
        while self.unused.len() < length {
            self.fill_some().await?;
        }
        Ok(self.take(length))
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line().await?;
            let size = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| malformed())?;
            if size == 0 {
                return self.trailers().await.map(|()| body);
            }
            if body.len().saturating_add(size) > BODY_LIMIT {
                return Err(malformed());
            }
            body.extend(self.exactly(size).await?);
            self.line().await?;
        }
    }

    async fn trailers(&mut self) -> io::Result<()> {
        while !self.line().await?.is_empty() {}
        Ok(())
    }

    async fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.fill().await? > 0 {
            if self.unused.len() > BODY_LIMIT {
                return Err(malformed());
            }
        }
        Ok(std::mem::take(&mut self.unused))
    }

    async fn line(&mut self) -> io::Result<String> {
        String::from_utf8(self.until(b"\r\n").await?).map_err(|_| malformed())
    }

    /// Returns what comes before `end`, and takes both.
    async fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = find(&self.unused, end) {
                let text = self.take(at);
                self.take(end.len());
                return Ok(text);
            }
            if self.unused.len() > HEAD_LIMIT {
                return Err(malformed());
            }
            self.fill_some().await?;
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.unused.split_off(length.min(self.unused.len()));
        std::mem::replace(&mut self.unused, rest)
    }

    async fn fill_some(&mut self) -> io::Result<()> {
        match self.fill().await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.unused.reserve(PIECE);
        self.stream.read_buf(&mut self.unused).await
    }
}

impl Head {
    fn parse(text: &[u8]) -> io::Result<Self> {
        // Header values may contain any byte above 0x7f, so the text is not decoded as a whole.
        let mut lines = text
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii_end);
        let first_line = lines.next().unwrap_or_default().to_vec();
        let first_line = String::from_utf8(first_line).map_err(|_| malformed())?;
        let headers = lines.map(parse_header).collect::<io::Result<_>>()?;
        Ok(Self {
            first_line,
            headers,
        })
    }

    /// Returns how the body ends (RFC 9112 section 6.3); `otherwise` applies if no header tells.
    pub(super) fn framing(&self, otherwise: Framing) -> io::Result<Framing> {
        let value = |name| {
            self.headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        if let Some(coding) = value("transfer-encoding") {
            return if coding.trim().eq_ignore_ascii_case("chunked") {
                Ok(Framing::Chunked)
            } else {
                Err(malformed())
            };
        }
        match value("content-length") {
            Some(length) => length
                .trim()
                .parse()
                .map(Framing::Length)
                .map_err(|_| malformed()),
            None => Ok(otherwise),
        }
    }
}

/// Headers that belong to one connection and are not forwarded (RFC 9110 section 7.6.1), and the
/// length, which is computed again.
pub(super) fn is_of_one_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection" | "keep-alive" | "transfer-encoding" | "content-length" | "expect" | "te"
    )
}

pub(super) fn malformed() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

pub(super) fn push_headers(text: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        push_header(text, name.as_str(), value.as_bytes());
    }
}

pub(super) fn push_header(text: &mut Vec<u8>, name: &str, value: &[u8]) {
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b": ");
    text.extend_from_slice(value);
    text.extend_from_slice(b"\r\n");
}

fn parse_header(line: &[u8]) -> io::Result<(HeaderName, HeaderValue)> {
    let colon = find(line, b":").ok_or_else(malformed)?;
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
    let name = HeaderName::from_bytes(name).map_err(|_| malformed())?;
    let value = HeaderValue::from_bytes(value).map_err(|_| malformed())?;
    Ok((name, value))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_chunked_body_is_put_together() {
        let mut inbox =
            Inbox::new(&b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nsome: trailer\r\n\r\nnext"[..]);
        assert_eq!(inbox.body(Framing::Chunked).await.unwrap(), b"abcde");
        assert_eq!(inbox.unused, b"next");
    }

    #[tokio::test]
    async fn a_head_may_hold_bytes_that_are_not_utf8() {
        let mut inbox =
            Inbox::new(&b"GET / HTTP/1.1\r\nX-Name: \xe9\r\ncontent-length: 2\r\n\r\nok"[..]);
        let head = inbox.head().await.unwrap();
        assert_eq!(head.first_line, "GET / HTTP/1.1");
        assert_eq!(head.headers["x-name"].as_bytes(), b"\xe9");
        let framing = head.framing(Framing::UntilClose).unwrap();
        assert_eq!(inbox.body(framing).await.unwrap(), b"ok");
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_an_error() {
        let mut inbox = Inbox::new(&b"ab"[..]);
        assert!(inbox.body(Framing::Length(3)).await.is_err());
    }
}
