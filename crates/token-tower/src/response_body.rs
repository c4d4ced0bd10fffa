//! The body of a response, of which the beginning may have been read.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::piece::{Piece, joined, longer, to_bytes, total};

/// The body of a response: what was read of it to judge the answer, then the rest as it comes.
///
/// Most bodies are not read, and then nothing is allocated. Of one that the vendor's code may be
/// in, the layer reads at most as many bytes as the endpoint
/// [needs](token_core::TokenEndpoint::judge_needs_body), and the piece that they end in. What does
/// not come within a second is not waited for.
pub struct ResponseBody<B: Body> {
    read: VecDeque<Piece>,
    failure: Option<B::Error>,
    is_ended: bool,
    rest: B,
}

impl<B: Body> ResponseBody<B> {
    /// A body of which nothing was read yet.
    pub(crate) fn unread(rest: B) -> Self {
        Self {
            read: VecDeque::new(),
            failure: None,
            is_ended: false,
            rest,
        }
    }

    /// Reads on until the body ends, fails, or is longer than `limit` bytes. If this is dropped,
    /// what was read stays.
    pub(crate) async fn read_up_to(&mut self, limit: usize)
    where
        B: Unpin,
    {
        if self.rest.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return;
        }
        let mut cost = 0;
        while cost <= limit && !self.is_ended && self.failure.is_none() {
            match poll_fn(|cx| Pin::new(&mut self.rest).poll_frame(cx)).await {
                None => self.is_ended = true,
                Some(Err(failure)) => self.failure = Some(failure),
                Some(Ok(frame)) => self.read.extend(Piece::of(frame)),
            }
            cost = self.read.iter().map(Piece::cost).sum();
        }
    }

    /// Returns the whole body if it was read to its end.
    pub(crate) fn whole(&self) -> Option<Bytes> {
        self.is_ended.then(|| joined(&self.read))
    }
}

impl<B: Body + Unpin> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(piece) = self.read.pop_front() {
            return Poll::Ready(Some(Ok(piece.into_frame())));
        }
        if let Some(failure) = self.failure.take() {
            self.is_ended = true;
            return Poll::Ready(Some(Err(failure)));
        }
        if self.is_ended {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.rest).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(to_bytes))))
    }

    fn is_end_stream(&self) -> bool {
        let has_more = !self.read.is_empty() || self.failure.is_some();
        !has_more && (self.is_ended || self.rest.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let rest = match self.is_ended {
            true => SizeHint::with_exact(0),
            false => self.rest.size_hint(),
        };
        longer(&rest, total(&self.read))
    }
}

/// An error that waits to be handed on is never pinned.
impl<B: Body + Unpin> Unpin for ResponseBody<B> {}

impl<B: Body> fmt::Debug for ResponseBody<B> {
    /// Shows no byte of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseBody({} bytes read)", total(&self.read))
    }
}
