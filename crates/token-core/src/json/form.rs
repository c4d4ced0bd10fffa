//! One pair of a form-encoded body.

use zeroize::Zeroizing;

/// `name=value`, both decoded. `None` where there is no name or an escape is broken. Bytes that are
/// not UTF-8 become U+FFFD.
pub(super) fn pair(bytes: &[u8]) -> Option<(String, Zeroizing<String>)> {
    let mut halves = bytes.splitn(2, |byte| *byte == b'=');
    let (name, value) = (decoded(halves.next()?)?, decoded(halves.next()?)?);
    (!name.is_empty()).then(|| (name.to_string(), value))
}

fn decoded(bytes: &[u8]) -> Option<Zeroizing<String>> {
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
