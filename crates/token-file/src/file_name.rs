//! The file name of a key.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use token_core::TokenKey;

/// The maximum length of a name, with room for extensions.
const LONGEST: usize = 100;
const HEAD: usize = 60;

/// Returns the name of the key's file. Capital letters are encoded, since some file systems are
/// case-insensitive. A name that is too long is truncated and ends with `~` and its hash.
pub(crate) fn file_name(key: &TokenKey) -> String {
    let encoded = encode(key.as_str());
    if encoded.len() <= LONGEST {
        return format!("{encoded}.json");
    }
    let head: String = encoded.chars().take(HEAD).collect();
    let hash = hex(&Sha256::digest(key.as_str()));
    let tail: String = hash.chars().take(32).collect();
    format!("{head}~{tail}.json")
}

fn encode(name: &str) -> String {
    name.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => encoded.push(byte.into()),
            b'.' if !encoded.is_empty() => encoded.push('.'),
            _ => _ = write!(encoded, "%{byte:02x}"),
        }
        encoded
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn bytes_of(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(key: &str) -> String {
        file_name(&TokenKey::parse(key).unwrap())
    }

    #[test]
    fn a_key_becomes_a_valid_file_name() {
        assert_eq!(
            name("acme/api.acme.example:8443/user%2017"),
            "acme%2fapi.acme.example%3a8443%2fuser%252017.json"
        );
        assert_eq!(name(".."), "%2e..json");
        assert_eq!(name("A~*"), "%41%7e%2a.json");
    }

    #[test]
    fn a_long_key_keeps_its_head_and_differs_by_its_hash() {
        let long = "x".repeat(500);
        let (one, other) = (name(&format!("{long}1")), name(&format!("{long}2")));
        assert_ne!(one, other);
        assert!(one.starts_with("xxx") && one.len() <= LONGEST);
    }

    #[test]
    fn hex_is_decoded_to_the_same_bytes() {
        let bytes = std::array::from_fn(|at| u8::try_from(at * 8).unwrap());
        assert_eq!(bytes_of(&hex(&bytes)), Some(bytes));
        assert_eq!(bytes_of(&"zz".repeat(32)), None);
        assert_eq!(bytes_of("é".repeat(32).as_str()), None);
    }
}
