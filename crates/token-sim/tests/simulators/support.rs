//! A small client that shows exactly what arrived.

use std::io;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use token_sim::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.json()
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn number(&self, pointer: &str) -> i64 {
        self.json()
            .pointer(pointer)
            .and_then(Value::as_i64)
            .unwrap_or(i64::MIN)
    }

    #[track_caller]
    pub(crate) fn assert_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.raw());
    }

    /// Asserts that this is an error of RFC 6749 section 5.2.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, error: &str) {
        self.assert_status(status);
        assert_eq!(self.text("/error"), error);
    }

    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) struct Request {
    method: &'static str,
    target: String,
    headers: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &'static str, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            headers: String::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn query(mut self, params: &[(&str, &str)]) -> Self {
        self.target = format!("{}?{}", self.target, encoded(params));
        self
    }

    pub(crate) fn form(self, params: &[(&str, &str)]) -> Self {
        let mut request = self.header("content-type", "application/x-www-form-urlencoded");
        request.body = encoded(params).into_bytes();
        request
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        let text = STANDARD.encode(format!("{id}:{secret}"));
        self.header("authorization", &format!("Basic {text}"))
    }

    pub(crate) fn auth(self, value: &str) -> Self {
        self.header("authorization", value)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self {
            method,
            target,
            headers,
            body,
        } = self;
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: sim\r\n{headers}content-length: {length}\r\n\r\n"
        );
        [head.into_bytes(), body.clone()].concat()
    }

    /// Sends the request and returns the answer.
    pub(crate) async fn answer(self, addr: SocketAddr) -> Response {
        self.send(addr).await.unwrap()
    }

    pub(crate) async fn send(self, addr: SocketAddr) -> io::Result<Response> {
        let mut stream = TcpStream::connect(addr).await?;
        self.send_on(&mut stream).await
    }

    pub(crate) async fn send_on(self, stream: &mut TcpStream) -> io::Result<Response> {
        stream.write_all(&self.bytes()).await?;
        read(stream).await
    }
}

pub(crate) fn issued(generation: u64) -> Outcome {
    Outcome::Issued { generation }
}

/// Reads one answer with a `Content-Length`.
pub(crate) async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Response> {
    let mut bytes = Vec::new();
    loop {
        if let Some(response) = parse(&bytes) {
            return Ok(response);
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head[9..12].parse().unwrap();
    let response = Response {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
    };
    let length: usize = response.header("content-length").unwrap().parse().unwrap();
    (response.body.len() >= length).then_some(response)
}

fn encoded(params: &[(&str, &str)]) -> String {
    let pairs = params
        .iter()
        .map(|(name, value)| format!("{name}={}", percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Returns the SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text))
}
