//! The secrets in an answer, which its message may repeat.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{AUTHORIZATION, LOCATION};

use crate::endpoint::json::Document;
use crate::token::secret::Secret;

/// The minimum length of a value that is taken for a token, unless its name says so; few words of a
/// message are as long.
const SHORTEST: usize = 16;
/// The minimum length of a value whose name says that it is a token.
const SHORTEST_NAMED: usize = 8;
/// Fields that contain a code or a message, which is not a secret itself.
const TEXTS: [&str; 11] = [
    "code", "desc", "detail", "error", "hint", "message", "msg", "reason", "status", "title",
    "type",
];

/// Returns every value of the answer that may be a secret: long, and without a space.
pub(super) fn secrets_in(response: &http::Response<Bytes>) -> Vec<Secret> {
    let body = response.body();
    let document = Document::parse(body).or_else(|_| Document::parse_form(body));
    let texts = document
        .as_ref()
        .map(Document::named_texts)
        .unwrap_or_default();
    let of_body = texts
        .into_iter()
        .filter(|(name, _)| !is_text(name))
        .filter_map(
            |(name, text)| match name.to_ascii_lowercase().contains("token") {
                true => token_of(text, |token| token.len() >= SHORTEST_NAMED),
                false => token_of(text, is_random),
            },
        );
    let mut found: Vec<_> = of_body.collect();
    in_headers(response.headers(), &mut found);
    found
}

/// Finds tokens in vendor-specific headers, and in the URL of a redirect.
fn in_headers(headers: &HeaderMap, found: &mut Vec<Secret>) {
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        if name == AUTHORIZATION || name.as_str().contains("token") {
            found.extend(token_of(value, is_random));
        }
        if name == LOCATION {
            let after_host = value.split(['/', '?', '#', '&', '=']).skip(3);
            found.extend(after_host.filter_map(|part| token_of(part, is_random)));
        }
    }
}

fn is_text(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TEXTS.iter().any(|text| name.contains(text))
}

/// Returns the value, or its last word if it begins with a scheme: `QJWT eyJ…`.
fn token_of(value: &str, is_token: impl Fn(&str) -> bool) -> Option<Secret> {
    let words: Vec<&str> = value.split_whitespace().collect();
    match words.as_slice() {
        [token] | [_, token] if is_token(token) => Some(Secret::from(*token)),
        _ => None,
    }
}

/// Returns whether a text looks random, unlike `temporarily_unavailable`.
fn is_random(text: &str) -> bool {
    let is_of_no_word = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    text.len() >= SHORTEST && text.contains(is_of_no_word)
}
