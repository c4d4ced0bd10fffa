use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use token_core::Secret;

/// SHA-256 over the parts one after the other, in lower-case hex as every sample of the vendor has it.
pub(crate) fn sha256_hex(parts: &[&str]) -> Secret {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    Secret::from(hex(&hash.finalize()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}
