//! The body of a request, of which a copy is kept if it is short.

use std::io::{Cursor, Read};

use http::request::Parts;
use http::{Method, Request, Response};
use ureq::{Agent, Body, Error, SendBody};

/// The longest body that is kept, in bytes. ureq does not tell bytes in memory from a stream, so
/// that this much of a stream is read before it is sent.
const LONGEST_COPY: usize = 1024 * 1024;

pub(crate) enum KeptBody<'a> {
    Whole(Vec<u8>),
    /// What was read already, and the rest.
    Stream(Box<dyn Read + 'a>),
}

impl<'a> KeptBody<'a> {
    /// Reads a short body, or the beginning of a long one.
    pub(crate) fn read(body: SendBody<'a>) -> Result<Self, Error> {
        let mut reader = body.into_reader();
        let mut beginning = Vec::new();
        let one_more = LONGEST_COPY as u64 + 1;
        (&mut reader).take(one_more).read_to_end(&mut beginning)?;
        if beginning.len() <= LONGEST_COPY {
            return Ok(Self::Whole(beginning));
        }
        Ok(Self::Stream(Box::new(Cursor::new(beginning).chain(reader))))
    }

    /// Returns the bytes, if they were kept.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::Stream(_) => None,
        }
    }

    /// Sends a request with this body. A stream can be sent once.
    pub(crate) fn send(&mut self, parts: Parts, sender: &Agent) -> Result<Response<Body>, Error> {
        match self {
            Self::Whole(bytes) if bytes.is_empty() && !has_length(&parts.method) => {
                sender.run(Request::from_parts(parts, ()))
            }
            Self::Whole(bytes) => sender.run(Request::from_parts(parts, &bytes[..])),
            Self::Stream(reader) => {
                sender.run(Request::from_parts(parts, SendBody::from_reader(reader)))
            }
        }
    }
}

/// Returns whether a request of this method states that its body is empty (RFC 9110 section 8.6).
fn has_length(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}
