//! What is behind the proxy: another server, or the rules of a vendor.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::wire::{Framing, Inbox, is_of_one_hop, malformed, push_header};
use crate::answer::Answer;
use crate::call::Call;
use crate::journal::Kind;
use crate::vendor::Reply;

/// What is behind the proxy.
pub(crate) enum Upstream {
    /// Another server, which gets each request over a new connection.
    Foreign(SocketAddr),
    Simulated(Arc<dyn Simulated>),
}

/// A simulated vendor: its rules and its state.
pub(crate) trait Simulated: Send + Sync {
    /// Returns what a request asks for.
    fn kind(&self, call: &Call) -> Kind;

    /// Acts on a request and answers it.
    fn serve(&self, kind: Kind, call: &Call) -> Reply;

    /// Returns a refusal in the vendor's format with this text.
    fn refusal(&self, text: &str) -> Answer;
}

impl Upstream {
    pub(super) fn kind(&self, call: &Call) -> Kind {
        match self {
            Self::Foreign(_) => Kind::Foreign,
            Self::Simulated(vendor) => vendor.kind(call),
        }
    }

    pub(super) async fn serve(&self, kind: Kind, call: &Call) -> Reply {
        let addr = match self {
            Self::Foreign(addr) => *addr,
            Self::Simulated(vendor) => return vendor.serve(kind, call),
        };
        let answer = forward(addr, call).await.unwrap_or_else(|_| {
            Answer::new(502).text("the server behind the proxy did not answer")
        });
        Reply::answered(answer)
    }

    /// Returns a refusal with this text, for another server in the format of RFC 6749 section 5.2.
    pub(super) fn refusal(&self, text: &str) -> Answer {
        match self {
            Self::Foreign(_) => {
                let body = json!({ "error": "invalid_grant", "error_description": text });
                Answer::json(400, &body)
            }
            Self::Simulated(vendor) => vendor.refusal(text),
        }
    }
}

/// Sends a request over a new connection and reads the whole answer.
async fn forward(addr: SocketAddr, call: &Call) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&render(call)).await?;
    read(&mut Inbox::new(stream), &call.method).await
}

fn render(call: &Call) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", call.method, call.target).into_bytes();
    for (name, value) in call.headers.iter().filter(|(name, _)| !is_of_one_hop(name)) {
        push_header(&mut text, name.as_str(), value.as_bytes());
    }
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
