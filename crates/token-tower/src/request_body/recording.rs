//! A streamed body whose pieces are kept while they are sent, so that it can be sent twice.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::{Body, SizeHint};
use token_cache::Answered;
use token_core::Error;

use crate::BoxError;
use crate::piece::{Piece, Polled, longer, total};

/// The body, shared by the sends: the HTTP client may still have the first one when the second
/// begins.
pub(crate) struct Recording<B>(Arc<Mutex<State<B>>>);

/// The body of one send.
pub(crate) struct Playback<B> {
    state: Arc<Mutex<State<B>>>,
    send: u8,
    next: usize,
}

struct State<B> {
    kept: Vec<Piece>,
    /// How many more bytes may be kept.
    allowance: usize,
    rest: Pin<Box<B>>,
    is_ended: bool,
    /// Whether all that was sent is in `kept`.
    is_complete: bool,
    /// Which send may read on.
    send: u8,
    waiting: Option<Waker>,
}

impl<B> Recording<B> {
    /// A body that begins with the pieces that were read already.
    pub(crate) fn new(read: Vec<Piece>, rest: Pin<Box<B>>, limit: usize) -> Self {
        let cost = read.iter().map(Piece::cost).sum();
        Self(Arc::new(Mutex::new(State {
            kept: read,
            allowance: limit.saturating_sub(cost),
            rest,
            is_ended: false,
            is_complete: true,
            send: 0,
            waiting: None,
        })))
    }

    /// Returns the body for the current send.
    pub(crate) fn play(&self) -> Playback<B> {
        Playback {
            state: Arc::clone(&self.0),
            send: lock(&self.0).send,
            next: 0,
        }
    }

    /// Lets `judge` decide whether the request is sent again, given whether that is possible. The
    /// client cannot read on meanwhile, and afterwards only if it is not sent again.
    pub(crate) fn judged(
        &self,
        judge: impl FnOnce(bool) -> Result<Answered, Error>,
    ) -> Result<Answered, Error> {
        let mut state = lock(&self.0);
        let answered = judge(state.is_complete)?;
        if answered == Answered::SendAgain {
            state.send += 1;
            let waiting = state.waiting.take();
            drop(state);
            if let Some(waiting) = waiting {
                waiting.wake();
            }
        }
        Ok(answered)
    }
}

/// A panic in a body is no reason for another.
fn lock<B>(state: &Mutex<State<B>>) -> MutexGuard<'_, State<B>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<B> Playback<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled<Bytes, BoxError> {
        let mut state = lock(&self.state);
        if state.send != self.send {
            return Poll::Ready(Some(Err(
                "the request is sent again with a new token".into()
            )));
        }
        if let Some(piece) = state.kept.get(self.next) {
            self.next += 1;
            return Poll::Ready(Some(Ok(piece.clone().into_frame())));
        }
        let Some(piece) = ready!(state.poll_rest(cx)?) else {
            return Poll::Ready(None);
        };
        state.keep(&piece);
        self.next = state.kept.len();
        Poll::Ready(Some(Ok(piece.into_frame())))
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        let state = lock(&self.state);
        self.next >= state.kept.len() && (state.is_ended || state.rest.is_end_stream())
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let state = lock(&self.state);
        let unsent = total(state.kept.iter().skip(self.next));
        longer(&state.rest.size_hint(), unsent)
    }
}

impl<B> State<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, BoxError>> {
        while !self.is_ended {
            let Poll::Ready(frame) = self.rest.as_mut().poll_frame(cx) else {
                self.waiting = Some(cx.waker().clone());
                return Poll::Pending;
            };
            let frame = frame.transpose().map_err(Into::into)?;
            self.is_ended = frame.is_none();
            if let Some(piece) = frame.and_then(Piece::of) {
                return Poll::Ready(Ok(Some(piece)));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Keeps a piece that is sent now. What the limit ends is not kept any longer: all of it has
    /// been sent. There is no third send.
    fn keep(&mut self, piece: &Piece) {
        let allowance = self.allowance.checked_sub(piece.cost());
        self.is_complete = self.is_complete && self.send == 0 && allowance.is_some();
        self.allowance = allowance.unwrap_or_default();
        match self.is_complete {
            true => self.kept.push(piece.clone()),
            false => self.kept.clear(),
        }
    }
}
