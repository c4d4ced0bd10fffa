//! A server that sends raw bytes and records everything that it receives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Client;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use token_core::{HttpClient, SendError, SendFailure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const TOKEN: &str = "refresh-s3cr3t";
pub(crate) const KEY: &str = "header-s3cr3t";

#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Vec<u8>>>>);

pub(crate) struct RawServer {
    address: SocketAddr,
    heard: Heard,
}

pub(crate) struct Wire<S = TcpStream> {
    stream: S,
    heard: Heard,
    connection: usize,
}

impl Heard {
    fn begin(&self) -> usize {
        let mut all = self.0.lock().unwrap();
        all.push(Vec::new());
        all.len() - 1
    }

    fn add(&self, connection: usize, bytes: &[u8]) {
        self.0.lock().unwrap()[connection].extend_from_slice(bytes);
    }

    /// Returns what each connection received, in the order in which they were opened.
    pub(crate) fn all(&self) -> Vec<String> {
        let all = self.0.lock().unwrap();
        all.iter()
            .map(|said| String::from_utf8_lossy(said).into_owned())
            .collect()
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.all()
            .iter()
            .map(|said| said.matches(text).count())
            .sum()
    }
}

impl RawServer {
    /// Answers the first request of a connection, and resets the connection at the second.
    pub(crate) async fn that_breaks_at_a_second_request() -> Self {
        Self::start(|mut wire| async move {
            wire.request().await;
            wire.say(&answer_of("{}")).await;
            wire.request().await;
            wire.reset();
        })
        .await
    }

    pub(crate) async fn start<F, W>(serve: F) -> Self
    where
        F: Fn(Wire) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Heard::default();
        let shared = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Wire::new(stream, shared.clone())));
            }
        });
        Self { address, heard }
    }

    /// Answers the first request of a connection when it is told so. Also returns who hears of the
    /// request, and who tells.
    pub(crate) async fn answering_when_told(
        answer: Vec<u8>,
    ) -> (Self, mpsc::UnboundedReceiver<()>, Arc<Notify>) {
        let (received, receives) = mpsc::unbounded_channel();
        let tell = Arc::new(Notify::new());
        let told = Arc::clone(&tell);
        let server = Self::start(move |mut wire| {
            let (received, told) = (received.clone(), Arc::clone(&told));
            let answer = answer.clone();
            async move {
                wire.request().await;
                _ = received.send(());
                told.notified().await;
                wire.say(&answer).await;
            }
        })
        .await;
        (server, receives, tell)
    }

    /// Answers the first request of a connection, and closes the connection when it is told so.
    pub(crate) async fn closing_when_told() -> (Self, Arc<Notify>) {
        let tell = Arc::new(Notify::new());
        let told = Arc::clone(&tell);
        let server = Self::start(move |mut wire| {
            let told = Arc::clone(&told);
            async move {
                wire.request().await;
                wire.say(&answer_of("{}")).await;
                told.notified().await;
            }
        })
        .await;
        (server, tell)
    }

    /// Answers every request with the same bytes and keeps the connection.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut wire| {
            let answer = answer.clone();
            async move {
                while wire.request().await {
                    wire.say(&answer).await;
                }
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S, heard: Heard) -> Self {
        let connection = heard.begin();
        Self {
            stream,
            heard,
            connection,
        }
    }

    /// Reads one whole request. Returns false if the client closed the connection instead.
    pub(crate) async fn request(&mut self) -> bool {
        let mut text = String::new();
        while !is_whole(&text) {
            let Some(more) = self.some().await else {
                return false;
            };
            text.push_str(&String::from_utf8_lossy(&more));
        }
        true
    }

    pub(crate) async fn some(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 4096];
        let length = self
            .stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|n| *n > 0)?;
        buffer.truncate(length);
        self.heard.add(self.connection, &buffer);
        Some(buffer)
    }

    /// Returns whether the client was still connected.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    pub(crate) async fn until_gone(mut self) {
        while self.some().await.is_some() {}
    }
}

impl Wire<TcpStream> {
    /// Waits until the client has sent something, or has closed the connection.
    pub(crate) async fn until_readable(&self) {
        self.stream.readable().await.unwrap();
    }

    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.clone()
    }

    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    body.len() >= length
}

/// A refresh with a secret in the query, in a header and in the body.
pub(crate) fn refresh(url: &str) -> Request<Bytes> {
    let mut key = HeaderValue::from_static(KEY);
    key.set_sensitive(true);
    Request::post(format!("{url}?key=query-s3cr3t"))
        .header("x-key", key)
        .body(format!("refresh_token={TOKEN}").into())
        .unwrap()
}

/// Sends it.
pub(crate) async fn send_refresh(client: &Client, url: &str) -> Result<Response<Bytes>, SendError> {
    client.send(refresh(url), MINUTE).await
}

pub(crate) fn answer_of(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[track_caller]
pub(crate) fn assert_unsent(error: &SendError, failure: SendFailure) {
    assert_eq!(
        (error.failure(), error.may_have_left()),
        (failure, false),
        "{error}"
    );
}

#[track_caller]
pub(crate) fn assert_in_doubt(error: &SendError, failure: SendFailure) {
    assert_eq!(
        (error.failure(), error.may_have_left()),
        (failure, true),
        "{error}"
    );
}
