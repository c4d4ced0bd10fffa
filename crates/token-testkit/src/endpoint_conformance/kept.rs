//! Whether what the program wrote is still in a request.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// Returns whether every field of the program's body is still there, with its value. An endpoint
/// may add fields to a form, to a JSON object and to an empty body, and change no other body.
pub(super) fn is_kept(api: &http::Request<Bytes>, seen: &http::Request<Bytes>) -> bool {
    let (before, after) = (api.body(), seen.body());
    if before.is_empty() || before == after {
        return true;
    }
    if is_form(api) {
        return is_within(&text(before), &text(after));
    }
    let object = |body: &Bytes| match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    let (Some(before), Some(after)) = (object(before), object(after)) else {
        return false;
    };
    before
        .iter()
        .all(|(name, value)| after.get(name) == Some(value))
}

/// Returns whether the parameters of `before` are in `after`, in the same order and as they were
/// written.
pub(super) fn is_within(before: &str, after: &str) -> bool {
    let mut after = pairs(after);
    pairs(before).all(|pair| after.any(|seen| seen == pair))
}

fn pairs(text: &str) -> impl Iterator<Item = &str> {
    text.split('&').filter(|pair| !pair.is_empty())
}

fn is_form(request: &http::Request<Bytes>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}
