//! The body of a request while the request is under way.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use token_cache::Answered;
use token_core::{ApiBody, Error};

use crate::BoxError;
use crate::piece::{Piece, joined};
use crate::request_body::RequestBody;
use crate::request_body::recording::Recording;

/// The copy of a request's body.
pub(crate) enum SentBody<B> {
    Whole { bytes: Bytes, has_length: bool },
    Streamed(Recording<B>),
}

impl<B> SentBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    /// Takes a body. What of it is there is read without waiting, up to one piece more than
    /// `limit`: if that is all, the body is in one piece. A stream whose next piece may depend on
    /// the answer is not waited for.
    pub(crate) async fn of(body: B, limit: usize) -> Result<Self, BoxError> {
        let has_length = body.size_hint().exact().is_some();
        let (mut body, mut read) = (Box::pin(body), Vec::new());
        let ended = poll_fn(|cx| Poll::Ready(read_ahead(body.as_mut(), cx, &mut read, limit)));
        let is_whole = ended.await? && !read.iter().any(Piece::is_trailers);
        if !is_whole {
            return Ok(Self::Streamed(Recording::new(read, body, limit)));
        }
        let bytes = joined(&read);
        Ok(Self::Whole { bytes, has_length })
    }
}

impl<B> SentBody<B> {
    /// Returns the body as the endpoint sees it.
    pub(crate) fn as_seen(&self) -> ApiBody<'_> {
        match self {
            Self::Whole { bytes, .. } => ApiBody::of(bytes),
            Self::Streamed(_) => ApiBody::streamed(),
        }
    }

    /// Returns the body for one send, or what the endpoint made of it.
    pub(crate) fn to_send(&self, replaced: Option<Bytes>) -> RequestBody<B> {
        match (replaced, self) {
            (Some(bytes), _) => RequestBody::whole(bytes, true),
            (None, Self::Whole { bytes, has_length }) => {
                RequestBody::whole(bytes.clone(), *has_length)
            }
            (None, Self::Streamed(recording)) => RequestBody::streamed(recording.play()),
        }
    }

    /// Lets `judge` decide whether the request is sent again, given whether that is possible.
    pub(crate) fn judged(
        &self,
        judge: impl FnOnce(bool) -> Result<Answered, Error>,
    ) -> Result<Answered, Error> {
        match self {
            Self::Whole { .. } => judge(true),
            Self::Streamed(recording) => recording.judged(judge),
        }
    }
}

/// Reads what is there, and returns whether the body has ended.
fn read_ahead<B>(
    mut body: Pin<&mut B>,
    cx: &mut Context<'_>,
    read: &mut Vec<Piece>,
    limit: usize,
) -> Result<bool, BoxError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut cost = 0;
    while !body.is_end_stream() {
        if cost > limit {
            return Ok(false);
        }
        let Poll::Ready(frame) = body.as_mut().poll_frame(cx) else {
            return Ok(false);
        };
        let Some(frame) = frame.transpose().map_err(Into::into)? else {
            return Ok(true);
        };
        if let Some(piece) = Piece::of(frame) {
            cost += piece.cost();
            read.push(piece);
        }
    }
    Ok(true)
}
