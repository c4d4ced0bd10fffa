//! The secrets that an answer itself brings, which its own message may repeat.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{AUTHORIZATION, LOCATION};
use serde_json::Value;

use crate::secret::Secret;

/// No vendor's token is shorter, and few words of a message are as long.
const SHORTEST: usize = 16;
/// Fields that hold a vendor's code or text: what they quote is looked for, they are not a secret themselves.
const TEXTS: [&str; 11] = [
    "code", "desc", "detail", "error", "hint", "message", "msg", "reason", "status", "title", "type",
];

/// Every value of the answer that may be a secret: long, and without a space.
pub(super) fn secrets_in(response: &http::Response<Bytes>) -> Vec<Secret> {
    let mut found = Vec::new();
    match serde_json::from_slice(response.body()) {
        Ok(document) => in_json(&document, &mut found),
        Err(_) => in_form(response.body(), &mut found),
    }
    in_headers(response.headers(), &mut found);
    found
}

fn in_json(value: &Value, found: &mut Vec<Secret>) {
    match value {
        Value::String(text) => found.extend(secret(text)),
        Value::Array(values) => values.iter().for_each(|value| in_json(value, found)),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| !(value.is_string() && is_text(name)))
            .for_each(|(_, value)| in_json(value, found)),
        _ => {}
    }
}

/// The values of a form body. Escapes need no decoding: the scrubber looks through them.
fn in_form(body: &[u8], found: &mut Vec<Secret>) {
    let Ok(body) = std::str::from_utf8(body) else {
        return;
    };
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    found.extend(
        pairs
            .filter(|(name, _)| !is_text(name))
            .filter_map(|(_, value)| secret(value)),
    );
}

/// A token in a header of the vendor's own, or in the address of a redirect.
fn in_headers(headers: &HeaderMap, found: &mut Vec<Secret>) {
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        if name == AUTHORIZATION || name.as_str().contains("token") {
            found.extend(value.split(' ').filter_map(secret));
        }
        if name == LOCATION {
            let after_host = value.split(['/', '?', '#', '&', '=']).skip(3);
            found.extend(after_host.filter_map(secret));
        }
    }
}

fn is_text(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TEXTS.iter().any(|text| name.contains(text))
}

/// The value, or its last word if a scheme stands before it: `QJWT eyJ…`.
fn secret(value: &str) -> Option<Secret> {
    let words: Vec<&str> = value.split_whitespace().collect();
    match words.as_slice() {
        [token] | [_, token] if is_random(token) => Some(Secret::from(*token)),
        _ => None,
    }
}

/// A word such as `temporarily_unavailable` is no token.
fn is_random(text: &str) -> bool {
    let is_of_no_word = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    text.len() >= SHORTEST && text.contains(is_of_no_word)
}
