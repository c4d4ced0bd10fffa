#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use token_core::store::{Record, RefreshFingerprint, StoreError};
use token_core::{BuildError, Generation, Secret, TokenKey};
use zeroize::Zeroizing;

use self::text::SealedText;

/// A key of 32 bytes, and its id, which the records sealed with it contain. The key is wiped on
/// drop and never shown.
#[derive(Clone)]
pub struct SealingKey {
    id: String,
    key: Zeroizing<[u8; 32]>,
    /// Distinguishes keys with the same id, and reveals nothing else.
    check: [u8; 8],
}

impl SealingKey {
    /// Returns a key from its bytes, which *must* be random; do not use a password. The id is shown
    /// in records and errors, so it *must not* reveal anything about the key. A date is a good id.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the id is not 1 to 32 characters of `A-Z a-z 0-9 - _`.
    pub fn new(id: &str, key: [u8; 32]) -> Result<Self, BuildError> {
        let key = Zeroizing::new(key);
        if !is_key_id(id) {
            return Err(BuildError::invalid(
                "key id",
                "must be 1 to 32 characters of A-Z a-z 0-9 - _",
            ));
        }
        let check = check_of(&key)
            .ok_or_else(|| BuildError::invalid("sealing key", "could not be used"))?;
        Ok(Self {
            id: id.to_owned(),
            key,
            check,
        })
    }

    /// Returns a key from base64 text, such as the output of `openssl rand -base64 32`. Both
    /// alphabets are accepted, with or without padding.
    ///
    /// ```
    /// use token_core::Secret;
    /// use token_sealing::SealingKey;
    ///
    /// let text = Secret::from("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    /// let key = SealingKey::from_base64("2026-03", &text)?;
    /// assert_eq!(format!("{key:?}"), "SealingKey(2026-03)");
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the text is not the base64 of 32 bytes, or if the id is invalid.
    pub fn from_base64(id: &str, text: &Secret) -> Result<Self, BuildError> {
        let wrong = || BuildError::invalid("sealing key", "must be the base64 of 32 bytes");
        let text = text.expose().trim();
        let alphabet = if text.contains(['-', '_']) {
            URL_SAFE
        } else {
            STANDARD
        };
        let lenient =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let mut key = Zeroizing::new([0; 32]);
        // One byte more than a key, so that a longer one is detected.
        let mut bytes = Zeroizing::new([0; 33]);
        let length = GeneralPurpose::new(&alphabet, lenient)
            .decode_slice(text, bytes.as_mut_slice())
            .map_err(|_| wrong())?;
        let given = bytes.get(..length).filter(|given| given.len() == key.len());
        key.copy_from_slice(given.ok_or_else(wrong)?);
        Self::new(id, *key)
    }

    /// Returns the id, which the records sealed with this key contain.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        cipher_of(&self.key)
    }
}

fn cipher_of(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

/// Returns the authentication tag of an empty text, under a nonce that is used for nothing else.
fn check_of(key: &[u8; 32]) -> Option<[u8; 8]> {
    let mut tag = Vec::new();
    cipher_of(key)
        .encrypt_in_place(&XNonce::default(), b"token-core key check", &mut tag)
        .ok()?;
    tag.first_chunk().copied()
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// Seals and opens the records of a store: with one current key, and with any number of others that
/// only open.
///
/// To change the key while processes run, first give the new key to every process with
/// [`or_opened_by`](Self::or_opened_by). Then make it the current key of every process, and keep
/// the old one with `or_opened_by`. Remove the old key when every grant has been refreshed once.
///
/// ```
/// use token_sealing::{Sealing, SealingKey};
///
/// let (new, old) = (SealingKey::new("2026-03", [3; 32])?, SealingKey::new("2026-02", [2; 32])?);
/// let sealing = Sealing::with(new).or_opened_by(old);
/// assert_eq!(sealing.key_id(), "2026-03");
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sealing {
    sealed_by: SealingKey,
    opened_by: Vec<SealingKey>,
}

impl Sealing {
    /// Returns a sealing whose current key is this one.
    pub fn with(key: SealingKey) -> Self {
        Self {
            sealed_by: key,
            opened_by: Vec::new(),
        }
    }

    /// Adds a key that only opens.
    #[must_use]
    pub fn or_opened_by(mut self, other: SealingKey) -> Self {
        self.opened_by.push(other);
        self
    }

    /// Returns the id of the current key.
    pub fn key_id(&self) -> &str {
        self.sealed_by.id()
    }

    /// Seals the body of a record, for this key and the record's generation and fingerprint. The
    /// text differs each time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the operating system provides no random numbers, or if the body is longer
    /// than 256 GiB.
    pub fn seal(&self, key: &TokenKey, record: &Record) -> Result<String, StoreError> {
        let by = &self.sealed_by;
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| could_not_seal())?;
        let bound = bound_to(by.id(), key, record.fingerprint, record.generation);
        let body = record.body.expose().as_bytes();
        // With room for the tag, since a vector that grows leaves a copy in memory.
        let mut sealed = Zeroizing::new(Vec::with_capacity(body.len().saturating_add(16)));
        sealed.extend_from_slice(body);
        by.cipher()
            .encrypt_in_place(&nonce.into(), &bound, &mut *sealed)
            .map_err(|_| could_not_seal())?;
        Ok(SealedText::write(by.id(), by.check, nonce, &sealed))
    }

    /// Opens the body of a record that was sealed for this key, generation and fingerprint.
    ///
    /// # Errors
    ///
    /// [`StoreError`], with a distinct text for each case: the record is from another program or
    /// from a newer version of this library, it is truncated, its key id is unknown, it was sealed
    /// with another key of the same id, or it was changed or moved from another key.
    pub fn open(
        &self,
        key: &TokenKey,
        fingerprint: RefreshFingerprint,
        generation: Generation,
        sealed: &str,
    ) -> Result<Secret, StoreError> {
        let sealed = SealedText::read(sealed)?;
        let by = self.key_of(&sealed)?;
        let bound = bound_to(by.id(), key, fingerprint, generation);
        let mut body = Zeroizing::new(sealed.body);
        by.cipher()
            .decrypt_in_place(&sealed.nonce.into(), &bound, &mut *body)
            .map_err(|_| changed())?;
        let body = std::str::from_utf8(&body).map_err(|_| changed())?;
        Ok(Secret::from(body))
    }

    fn key_of(&self, sealed: &SealedText<'_>) -> Result<&SealingKey, StoreError> {
        let keys = || std::iter::once(&self.sealed_by).chain(&self.opened_by);
        let mut named = keys().filter(|key| key.id() == sealed.key_id).peekable();
        if named.peek().is_none() {
            return Err(StoreError::new(
                "the record is sealed by a key that was not given; it is left unchanged",
            )
            .with_detail(format!("key id {}", sealed.key_id)));
        }
        for key in named {
            if key.check == sealed.check {
                return Ok(key);
            }
        }
        Err(StoreError::new(
            "the record is sealed by another key than the one given; it is left unchanged",
        )
        .with_detail(format!("key id {}", sealed.key_id)))
    }
}

fn is_key_id(id: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=32).contains(&id.len()) && id.bytes().all(harmless)
}

/// Returns the associated data, which must be the same when the record is opened. Every part has a
/// fixed length or ends with a byte that it cannot contain.
fn bound_to(
    key_id: &str,
    key: &TokenKey,
    fingerprint: RefreshFingerprint,
    generation: Generation,
) -> Vec<u8> {
    let parts: [&[u8]; 8] = [
        b"token-core record v1",
        b"\0",
        key_id.as_bytes(),
        b"\0",
        key.as_str().as_bytes(),
        b"\0",
        &generation.number().to_be_bytes(),
        &fingerprint.0,
    ];
    parts.concat()
}

fn could_not_seal() -> StoreError {
    StoreError::new("the record could not be sealed")
}

fn changed() -> StoreError {
    StoreError::new(
        "the sealed record was changed, or moved here from another key; it is left unchanged",
    )
}
