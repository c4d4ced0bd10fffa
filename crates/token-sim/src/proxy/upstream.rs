//! The connection to the upstream server.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::state::ENTRY;
use super::wire::{Framing, Inbox, is_of_one_hop, malformed, push_header};
use crate::answer::Answer;
use crate::call::Call;

/// Sends a request over a new connection and reads the whole answer.
pub(super) async fn ask(upstream: SocketAddr, call: &Call, entry: usize) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&render(call, entry)).await?;
    read(&mut Inbox::new(stream), &call.method).await
}

fn render(call: &Call, entry: usize) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", call.method, call.target).into_bytes();
    for (name, value) in call.headers.iter().filter(|(name, _)| !is_of_one_hop(name)) {
        push_header(&mut text, name.as_str(), value.as_bytes());
    }
    push_header(&mut text, ENTRY, entry.to_string().as_bytes());
    push_header(&mut text, "connection", b"close");
    push_header(
        &mut text,
        "content-length",
        call.body.len().to_string().as_bytes(),
    );
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(&call.body);
    text
}

async fn read(inbox: &mut Inbox<TcpStream>, method: &str) -> io::Result<Answer> {
    let head = inbox.head().await?;
    let status = status_of(&head.first_line)?;
    let bodiless = method == "HEAD" || status == 204 || status == 304;
    let framing = if bodiless {
        Framing::Length(0)
    } else {
        head.framing(Framing::UntilClose)?
    };
    let body = inbox.body(framing).await?;
    let mut answer = Answer::new(status).body(body);
    for (name, value) in head.headers.iter().filter(|(name, _)| !is_of_one_hop(name)) {
        answer.headers_mut().append(name, value.clone());
    }
    Ok(answer)
}

fn status_of(line: &str) -> io::Result<u16> {
    let code = line.split(' ').nth(1).ok_or_else(malformed)?;
    code.parse().map_err(|_| malformed())
}
