//! Looks into the body of an answer, and hands it on whole.

use std::io::{Cursor, Read};

use http::Response;
use ureq::{Body, Error};

/// Reads the body if it has at most `limit` bytes. The answer is returned with its body unread, and
/// with a copy of the body if it was short enough.
pub(crate) fn peek(
    response: Response<Body>,
    limit: usize,
) -> Result<(Response<Body>, Option<Vec<u8>>), Error> {
    let (parts, body) = response.into_parts();
    let mut same = Body::builder();
    if let Some(kind) = body.mime_type() {
        same = same.mime_type(kind);
    }
    if let Some(charset) = body.charset().filter(|charset| !is_decoded(&body, charset)) {
        same = same.charset(charset);
    }
    let mut reader = body.into_reader();
    let mut beginning = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    (&mut reader).take(one_more).read_to_end(&mut beginning)?;
    if beginning.len() <= limit {
        let copy = beginning.clone();
        return Ok((
            Response::from_parts(parts, same.data(beginning)),
            Some(copy),
        ));
    }
    let body = same.reader(Cursor::new(beginning).chain(reader));
    Ok((Response::from_parts(parts, body), None))
}

/// Returns whether ureq's feature `charset` has made UTF-8 of the text, or may have: it must not do
/// so twice.
fn is_decoded(body: &Body, charset: &str) -> bool {
    let is_text = body
        .mime_type()
        .is_some_and(|kind| kind.starts_with("text/"));
    is_text && !charset.eq_ignore_ascii_case("utf-8")
}
