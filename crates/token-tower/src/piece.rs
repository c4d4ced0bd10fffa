//! Pieces of a body: frames that can be kept.

use std::task::Poll;

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Frame, SizeHint};

/// What a body is polled for.
pub(crate) type Polled<D, E> = Poll<Option<Result<Frame<D>, E>>>;

/// A frame that can be sent twice.
#[derive(Clone)]
pub(crate) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl Piece {
    /// Takes a frame; `None` if it is of a kind that does not exist yet.
    pub(crate) fn of<D: Buf>(frame: Frame<D>) -> Option<Self> {
        let frame = match frame.into_data() {
            Ok(data) => return Some(Self::Data(to_bytes(data))),
            Err(frame) => frame,
        };
        frame.into_trailers().ok().map(Self::Trailers)
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Data(bytes) => bytes.len(),
            Self::Trailers(_) => 0,
        }
    }

    /// What counts against a limit: an endless body of empty pieces gets to it too.
    pub(crate) fn cost(&self) -> usize {
        self.len().max(1)
    }

    pub(crate) fn is_trailers(&self) -> bool {
        matches!(self, Self::Trailers(_))
    }

    pub(crate) fn into_frame(self) -> Frame<Bytes> {
        match self {
            Self::Data(bytes) => Frame::data(bytes),
            Self::Trailers(trailers) => Frame::trailers(trailers),
        }
    }
}

/// Copies nothing if the data is `Bytes` already.
pub(crate) fn to_bytes<D: Buf>(mut data: D) -> Bytes {
    data.copy_to_bytes(data.remaining())
}

/// Returns the number of bytes.
pub(crate) fn total<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> usize {
    pieces.into_iter().map(Piece::len).sum()
}

/// Joins the data, without the trailers. Copies nothing if it is one piece.
pub(crate) fn joined<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Bytes {
    let mut data = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Data(bytes) => Some(bytes),
        Piece::Trailers(_) => None,
    });
    let first = data.next().cloned().unwrap_or_default();
    let Some(second) = data.next() else {
        return first;
    };
    let mut all = [first, second.clone()].concat();
    data.for_each(|bytes| all.extend_from_slice(bytes));
    all.into()
}

/// Returns the size of a body that has this many bytes more.
pub(crate) fn longer(rest: &SizeHint, by: usize) -> SizeHint {
    let by = u64::try_from(by).unwrap_or(u64::MAX);
    let mut hint = SizeHint::new();
    hint.set_lower(rest.lower().saturating_add(by));
    if let Some(upper) = rest.upper() {
        hint.set_upper(upper.saturating_add(by));
    }
    hint
}
