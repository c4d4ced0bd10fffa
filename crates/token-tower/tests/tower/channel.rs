//! A body that a test sends piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::HeaderMap;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::service::BoxError;

pub(crate) type Frame = http_body::Frame<Bytes>;

/// The sender's half: the body ends when it is dropped.
pub(crate) struct Pieces(UnboundedSender<Result<Frame, BoxError>>);

/// A body of what was sent.
#[derive(Debug)]
pub(crate) struct Channel(UnboundedReceiver<Result<Frame, BoxError>>);

pub(crate) fn channel() -> (Pieces, Channel) {
    let (sender, receiver) = unbounded_channel();
    (Pieces(sender), Channel(receiver))
}

/// A body of these pieces alone.
pub(crate) fn body_of(pieces: &[&'static str]) -> Channel {
    let (sender, body) = channel();
    pieces.iter().for_each(|piece| sender.send(piece));
    body
}

impl Pieces {
    pub(crate) fn send(&self, data: &'static str) {
        self.0.send(Ok(Frame::data(data.into()))).unwrap();
    }

    pub(crate) fn end_with_trailer(self, name: &'static str) {
        let mut trailers = HeaderMap::new();
        trailers.insert(name, "1".parse().unwrap());
        self.0.send(Ok(Frame::trailers(trailers))).unwrap();
    }

    pub(crate) fn fail(self, what: &'static str) {
        self.0.send(Err(what.into())).unwrap();
    }
}

impl http_body::Body for Channel {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, BoxError>>> {
        self.0.poll_recv(cx)
    }
}

/// Returns the next piece of data as text.
pub(crate) async fn next<B>(body: &mut B) -> Result<String, BoxError>
where
    B: http_body::Body<Data = Bytes, Error = BoxError> + Unpin,
{
    let frame = body.frame().await.expect("the body has not ended")?;
    Ok(String::from_utf8(frame.into_data().unwrap().to_vec())?)
}
