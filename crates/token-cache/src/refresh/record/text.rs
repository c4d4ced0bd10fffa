//! Secrets in JSON, without copies of them in the heap.
//!
//! A growing buffer leaves copies behind, and so does a parser of escaped text. So the buffer of a
//! document is wiped when it grows; a text that would have to be escaped is written as hex; and a
//! text that is read is a part of the document.

use std::fmt::{self, Write as _};
use std::io;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use token_core::Secret;
use zeroize::Zeroizing;

const HEX: &str = "hex";

/// A secret text of a document.
pub(super) enum Text<'a> {
    /// A part of the document, or of what is written to it.
    Part(&'a str),
    Own(Secret),
}

impl Text<'_> {
    pub(super) fn to_secret(&self) -> Secret {
        Secret::from(self.as_str())
    }

    /// Whether this is the text of the secret. Like [`Secret::same_as`], without an early exit.
    pub(super) fn is(&self, secret: &Secret) -> bool {
        let (ours, theirs) = (self.as_str().as_bytes(), secret.expose().as_bytes());
        let pairs = ours.iter().zip(theirs);
        let difference = pairs.fold(0, |seen, (a, b)| seen | (a ^ b));
        ours.len() == theirs.len() && std::hint::black_box(difference) == 0
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Part(text) => text,
            Self::Own(text) => text.expose(),
        }
    }
}

impl<'a> From<&'a Secret> for Text<'a> {
    fn from(secret: &'a Secret) -> Self {
        Self::Part(secret.expose())
    }
}

/// Serializes a value, whose texts are about this long.
pub(super) fn to_json(value: &impl Serialize, texts: usize) -> serde_json::Result<Secret> {
    /// What is not a text.
    const OTHERS: usize = 256;
    let mut json = Buffer::with_room(texts.saturating_add(OTHERS));
    serde_json::to_writer(&mut json, value)?;
    let json = std::str::from_utf8(&json.0).map_err(serde_json::Error::custom)?;
    Ok(Secret::from(json))
}

/// Leaves no copy of its content behind when it grows.
struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    fn with_room(room: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(room)))
    }

    #[cold]
    fn grow(&mut self, by: usize) {
        let needed = self.0.len().saturating_add(by);
        let mut larger = Self::with_room(needed.saturating_mul(2));
        larger.0.extend_from_slice(&self.0);
        *self = larger;
    }
}

impl io::Write for Buffer {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.write_all(part)?;
        Ok(part.len())
    }

    /// A document has many small parts.
    #[inline]
    fn write_all(&mut self, part: &[u8]) -> io::Result<()> {
        if part.len() > self.0.capacity().saturating_sub(self.0.len()) {
            self.grow(part.len());
        }
        self.0.extend_from_slice(part);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text = self.as_str();
        let is_escaped = |c: char| c.is_control() || c == '"' || c == '\\';
        if !text.contains(is_escaped) {
            return to.serialize_str(text);
        }
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry(HEX, to_hex(text).as_str())?;
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or the hex of one")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text::Part(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text::Own(Secret::from(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let hex = match map.next_entry::<&str, &str>()? {
            Some((HEX, hex)) => hex,
            _ => return Err(A::Error::custom("no hex")),
        };
        let text = from_hex(hex).ok_or_else(|| A::Error::custom("no hex of a text"))?;
        Ok(Text::Own(text))
    }
}

fn to_hex(text: &str) -> Zeroizing<String> {
    let mut hex = Zeroizing::new(String::with_capacity(text.len().saturating_mul(2)));
    for byte in text.bytes() {
        _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn from_hex(hex: &str) -> Option<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(hex.len() / 2));
    for at in (0..hex.len()).step_by(2) {
        bytes.push(u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?);
    }
    std::str::from_utf8(&bytes).ok().map(Secret::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(text: &str) -> (String, bool) {
        let json = to_json(&Text::Part(text), 0).unwrap();
        let read: Text<'_> = serde_json::from_str(json.expose()).unwrap();
        (read.as_str().to_owned(), matches!(read, Text::Part(_)))
    }

    #[test]
    fn a_text_comes_back_and_no_parser_copies_it() {
        for text in ["", "eyJhbGciOiJIUzI1NiJ9.e30.x", "with spaces / and é 描述"] {
            assert_eq!(back(text), (text.to_owned(), true));
        }
        for text in ["\"quoted\"", "a\\b", "line\nline", "\u{7f}\0", "é\t"] {
            assert_eq!(back(text), (text.to_owned(), false));
            let json = to_json(&Text::Part(text), 0).unwrap();
            assert!(!json.expose().contains('\\'), "{}", json.expose());
        }
    }

    #[test]
    fn a_document_that_is_longer_than_thought_is_written_whole() {
        let text = "é".repeat(5000);
        let json = to_json(&[Text::Part(&text), Text::Part("end")], 0).unwrap();
        assert_eq!(json.expose(), format!("[\"{text}\",\"end\"]"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for json in [
            "1",
            "null",
            "{}",
            "{\"hex\":\"0\"}",
            "{\"hex\":\"zz\"}",
            "{\"hex\":\"ff\"}",
            "{\"text\":\"61\"}",
            "{\"hex\":\"61\",\"hex\":\"61\"}",
        ] {
            assert!(serde_json::from_str::<Text<'_>>(json).is_err(), "{json}");
        }
    }
}
