//! Percent-encoding in queries and forms.

use zeroize::Zeroizing;

/// Percent-encodes everything except the unreserved characters of RFC 3986 section 2.3; a space
/// becomes `%20`.
///
/// ```
/// assert_eq!(token_core::percent_encode("QJWT ey+J/é"), "QJWT%20ey%2BJ%2F%C3%A9");
/// ```
///
/// The result is valid in a query and in an `application/x-www-form-urlencoded` body.
pub fn percent_encode(text: &str) -> String {
    encoded(text, is_unreserved)
}

/// Percent-encodes all bytes but those that `may_stay`, which are ASCII.
fn encoded(text: &str, may_stay: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_encoded(&mut encoded, text, may_stay);
    encoded
}

/// Appends the text, percent-encoded but for the bytes that `may_stay`, which are ASCII.
pub(crate) fn push_encoded(to: &mut String, text: &str, may_stay: impl Fn(u8) -> bool) {
    if text.bytes().all(&may_stay) {
        return to.push_str(text);
    }
    let digit =
        |value: u8| char::from_digit(value.into(), 16).map(|digit| digit.to_ascii_uppercase());
    for byte in text.bytes() {
        if may_stay(byte) {
            to.push(char::from(byte));
        } else {
            let escape = [Some('%'), digit(byte >> 4), digit(byte & 15)];
            to.extend(escape.into_iter().flatten());
        }
    }
}

/// Appends `name=value` to a query or a form.
pub(super) fn push_pair(to: &mut String, name: &str, value: &str) {
    to.reserve(name.len() + value.len() + 2);
    if !to.is_empty() {
        to.push('&');
    }
    push_encoded(to, name, is_unreserved);
    to.push('=');
    push_encoded(to, value, is_unreserved);
}

pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Decodes `name=value`; `None` if there is no name or an escape is invalid. Bytes that are not
/// UTF-8 become U+FFFD.
pub(super) fn decode_pair(bytes: &[u8]) -> Option<(String, Zeroizing<String>)> {
    let mut halves = bytes.splitn(2, |byte| *byte == b'=');
    let (name, value) = (decoded(halves.next()?)?, decoded(halves.next()?)?);
    (!name.is_empty()).then(|| (name.to_string(), value))
}

/// Decodes a name or a value; `None` if an escape is invalid.
pub(crate) fn decoded(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        text.push(match byte {
            b'+' => b' ',
            b'%' => hex(*rest.next()?)? * 16 + hex(*rest.next()?)?,
            other => *other,
        });
    }
    Some(Zeroizing::new(String::from_utf8_lossy(&text).into_owned()))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
