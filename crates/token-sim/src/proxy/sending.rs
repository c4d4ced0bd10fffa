//! Sends answers to the client, whole and broken ones.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::wire::{push_header, push_headers};
use crate::answer::Answer;
use crate::clock::SimClock;
use crate::journal::Journal;

/// A client's connection, with or without TLS.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;

    /// What unread bytes mean when the client is expected to wait: over TLS, an alert that it
    /// disconnects.
    fn bytes_mean_leaving(&self) -> bool;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }

    fn bytes_mean_leaving(&self) -> bool {
        false
    }
}

#[cfg(feature = "tls")]
impl Socket for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }

    fn bytes_mean_leaving(&self) -> bool {
        true
    }
}

/// The journal entry that writing the last byte marks as delivered.
pub(super) struct Receipt<'a> {
    pub(super) journal: &'a Journal,
    pub(super) entry: usize,
}

/// Returns whether the client has closed its side. Asks the operating system, because tokio's
/// readiness may be stale.
pub(super) fn has_left(socket: &impl Socket) -> bool {
    match SockRef::from(socket.tcp()).peek(&mut [MaybeUninit::uninit()]) {
        Ok(0) => true,
        Ok(_) => socket.bytes_mean_leaving(),
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

/// Turns the coming close into a reset.
pub(super) fn reset(socket: &impl Socket) {
    let _ = SockRef::from(socket.tcp()).set_linger(Some(Duration::ZERO));
}

pub(super) async fn whole(
    socket: &mut impl Socket,
    bytes: &[u8],
    receipt: Option<Receipt<'_>>,
) -> io::Result<()> {
    let Some((last, rest)) = bytes.split_last() else {
        return Ok(());
    };
    socket.write_all(rest).await?;
    socket.flush().await?;
    let mut written = false;
    poll_fn(|context| match &receipt {
        Some(Receipt { journal, entry }) => {
            journal.poll_delivery(*entry, || poll_last(socket, *last, &mut written, context))
        }
        None => poll_last(socket, *last, &mut written, context),
    })
    .await
}

pub(super) async fn part(socket: &mut impl Socket, bytes: &[u8]) -> io::Result<()> {
    socket.write_all(bytes).await?;
    socket.flush().await?;
    socket.shutdown().await
}

pub(super) async fn drip(
    socket: &mut impl Socket,
    bytes: &[u8],
    piece: usize,
    pause: Duration,
    receipt: Option<Receipt<'_>>,
) -> io::Result<()> {
    let last = bytes.len().saturating_sub(1) / piece * piece;
    let (early, last) = bytes.split_at(last.min(bytes.len()));
    for piece in early.chunks(piece) {
        socket.write_all(piece).await?;
        socket.flush().await?;
        sleep(pause).await;
    }
    whole(socket, last, receipt).await
}

/// Sends JSON white space until the client disconnects.
pub(super) async fn flood(socket: &mut impl Socket, date: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: {date}\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await?;
    loop {
        socket.write_all(&[b' '; 16 * 1024]).await?;
    }
}

/// Returns the bytes of an answer, and where its body starts.
pub(super) struct Rendered {
    pub(super) bytes: Vec<u8>,
    pub(super) body_at: usize,
}

pub(super) fn render(
    answer: &Answer,
    date: Option<&SimClock>,
    method: &str,
    closes: bool,
) -> Rendered {
    let mut bytes = answer.status_line().into_bytes();
    push_headers(&mut bytes, answer.headers());
    if let Some(clock) = date.filter(|_| !answer.headers().contains_key("date")) {
        push_header(&mut bytes, "date", clock.date_text().as_bytes());
    }
    if !answer.headers().contains_key("content-length") {
        push_header(
            &mut bytes,
            "content-length",
            answer.content().len().to_string().as_bytes(),
        );
    }
    if closes {
        push_header(&mut bytes, "connection", b"close");
    }
    bytes.extend_from_slice(b"\r\n");
    let body_at = bytes.len();
    if method != "HEAD" {
        bytes.extend_from_slice(answer.content());
    }
    Rendered { bytes, body_at }
}

fn poll_last(
    socket: &mut impl Socket,
    byte: u8,
    written: &mut bool,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    if !*written {
        let count = ready!(Pin::new(&mut *socket).poll_write(context, &[byte]))?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *written = true;
    }
    Pin::new(socket).poll_flush(context)
}
