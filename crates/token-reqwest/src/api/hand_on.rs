//! Reads the beginning of an answer's body, and hands the whole answer on.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::response::{Builder, Parts};
use http_body::{Body as _, Frame, SizeHint};
use reqwest::{Body, Response, ResponseBuilderExt, Url};

/// An answer with the frames of its body that were read so far.
pub(crate) struct Received {
    pub(crate) head: Parts,
    url: Url,
    body: Resumed,
}

impl Received {
    pub(crate) fn new(response: Response) -> Self {
        let url = response.url().clone();
        let (head, rest) = http::Response::<Body>::from(response).into_parts();
        let body = Resumed {
            read: VecDeque::new(),
            rest: Some(rest),
        };
        Self { head, url, body }
    }

    /// Shows this URL in the place of the one that the request was sent to.
    pub(crate) fn at(self, url: Url) -> Self {
        Self { url, ..self }
    }

    /// Reads the body to its end, or until more than `limit` bytes have come: then `None`. If this
    /// is dropped, what was read stays.
    pub(crate) async fn body_within(
        &mut self,
        limit: usize,
    ) -> Result<Option<Bytes>, reqwest::Error> {
        let is_long = |length: u64| length > limit as u64;
        while !is_long(self.body.size_hint().lower()) {
            let Some(frame) = poll_fn(|cx| self.body.poll_rest(cx)).await? else {
                return Ok(Some(self.body.joined()));
            };
            self.body.read.push_back(frame);
        }
        Ok(None)
    }

    /// Returns the answer as it came, with its whole body.
    pub(crate) fn hand_on(self) -> Response {
        let mut head = self.head;
        let mut with_url = Builder::new().url(self.url);
        if let Some(extensions) = with_url.extensions_mut() {
            head.extensions.extend(std::mem::take(extensions));
        }
        http::Response::from_parts(head, self.body.into_body()).into()
    }
}

/// A body that begins with what was already read of it.
struct Resumed {
    read: VecDeque<Frame<Bytes>>,
    /// `None` after the end.
    rest: Option<Body>,
}

impl Resumed {
    fn poll_rest(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame<Bytes>>, reqwest::Error>> {
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(Ok(None));
        };
        let frame = std::task::ready!(Pin::new(rest).poll_frame(cx));
        if frame.is_none() {
            self.rest = None;
        }
        Poll::Ready(frame.transpose())
    }

    fn joined(&self) -> Bytes {
        let mut data = self.read.iter().filter_map(Frame::data_ref);
        match (data.next(), data.next()) {
            (None, _) => Bytes::new(),
            (Some(only), None) => only.clone(),
            (Some(first), Some(second)) => {
                let mut all = BytesMut::from(&first[..]);
                all.extend_from_slice(second);
                data.for_each(|more| all.extend_from_slice(more));
                all.freeze()
            }
        }
    }

    fn into_body(self) -> Body {
        match self.rest {
            Some(rest) if self.read.is_empty() => rest,
            rest => Body::wrap(Self { rest, ..self }),
        }
    }
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let this = self.get_mut();
        if let Some(frame) = this.read.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        this.poll_rest(cx).map(Result::transpose)
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    /// What was read counts too.
    fn size_hint(&self) -> SizeHint {
        let data = self.read.iter().filter_map(Frame::data_ref);
        let read: u64 = data.map(|data| data.len() as u64).sum();
        let rest = self.rest.as_ref().map(Body::size_hint);
        let rest = rest.unwrap_or_else(|| SizeHint::with_exact(0));
        let mut whole = SizeHint::new();
        whole.set_lower(rest.lower().saturating_add(read));
        if let Some(upper) = rest.upper() {
            whole.set_upper(upper.saturating_add(read));
        }
        whole
    }
}
