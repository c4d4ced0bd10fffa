//! Repairs bodies that are almost JSON: a single byte in a field that is not read must not cost a
//! token.

use zeroize::Zeroizing;

/// Returns bodies that may be JSON although the given one is not, the least changed first.
pub(super) fn attempts(body: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    [as_utf8, as_gbk].into_iter().map(move |decode| {
        let text = decode(body);
        with_readable_numbers(&text)
    })
}

/// Replaces bytes that are not UTF-8 by U+FFFD.
fn as_utf8(body: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(body).into_owned())
}

/// Replaces each two-byte character by U+FFFD. The second byte may be a backslash, which would hide
/// the end of its string.
fn as_gbk(body: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(body.len()));
    let mut rest = body.iter().peekable();
    while let Some(byte) = rest.next() {
        if byte.is_ascii() {
            text.push(char::from(*byte));
            continue;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        rest.next_if(|second| (0x40..=0xFE).contains(*second) && **second != 0x7F);
    }
    text
}

/// Replaces a number that is out of the range of `f64`, such as `1e400`, by one near its bound.
fn with_readable_numbers(text: &str) -> Zeroizing<Vec<u8>> {
    let mut read = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut in_text, mut is_escaped) = (false, false);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = match in_text {
            false => number_length(rest),
            true => 0,
        };
        let (piece, after) = rest
            .split_at_checked(length.max(next.len_utf8()))
            .unwrap_or((rest, ""));
        rest = after;
        read.extend_from_slice(in_range(piece, length).as_bytes());
        if next == '"' && !is_escaped {
            in_text = !in_text;
        }
        is_escaped = in_text && next == '\\' && !is_escaped;
    }
    read
}

fn number_length(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte))
        .count()
}

fn in_range(piece: &str, number_length: usize) -> &str {
    let is_infinite = |number: &str| number.parse::<f64>().is_ok_and(f64::is_infinite);
    match number_length > 1 && is_infinite(piece) {
        true if piece.starts_with('-') => "-1e308",
        true => "1e308",
        false => piece,
    }
}
