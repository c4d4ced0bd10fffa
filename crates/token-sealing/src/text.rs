//! The text format of a sealed record.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use token_core::store::StoreError;

use super::is_key_id;

const VERSION: &str = "v1";

/// Parses `v1.<key id>.<base64url>.`. If the last dot is missing, the text was truncated.
pub(super) struct SealedText<'a> {
    pub(super) key_id: &'a str,
    pub(super) check: [u8; 8],
    pub(super) nonce: [u8; 24],
    pub(super) body: Vec<u8>,
}

impl<'a> SealedText<'a> {
    pub(super) fn write(key_id: &str, check: [u8; 8], nonce: [u8; 24], body: &[u8]) -> String {
        let bytes = [check.as_slice(), nonce.as_slice(), body].concat();
        format!("{VERSION}.{key_id}.{}.", URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn read(text: &'a str) -> Result<Self, StoreError> {
        let (version, rest) = text.split_once('.').ok_or_else(foreign)?;
        known(version)?;
        let (key_id, rest) = rest.split_once('.').ok_or_else(cut_short)?;
        if !is_key_id(key_id) {
            return Err(foreign());
        }
        let encoded = rest.strip_suffix('.').ok_or_else(cut_short)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| foreign())?;
        let (check, rest) = bytes.split_first_chunk().ok_or_else(cut_short)?;
        let (nonce, body) = rest.split_first_chunk().ok_or_else(cut_short)?;
        Ok(Self {
            key_id,
            check: *check,
            nonce: *nonce,
            body: body.to_vec(),
        })
    }
}

fn known(version: &str) -> Result<(), StoreError> {
    if version == VERSION {
        return Ok(());
    }
    let number = version.strip_prefix('v').unwrap_or_default();
    if (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(StoreError::new(
            "the record is sealed by a newer version of this library; it is left unchanged",
        ));
    }
    Err(foreign())
}

fn foreign() -> StoreError {
    StoreError::new("the stored record was not sealed by this library; it is left unchanged")
}

fn cut_short() -> StoreError {
    StoreError::new("the sealed record is cut short; it is left unchanged")
}
