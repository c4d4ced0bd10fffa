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

/// A key of 32 bytes, and the name by which its records tell that they were sealed with it. The key
/// is wiped on drop and never shown.
#[derive(Clone)]
pub struct SealingKey {
    id: String,
    key: Zeroizing<[u8; 32]>,
    /// Tells one key from another of the same id, and nothing else.
    check: [u8; 8],
}

impl SealingKey {
    /// A key from its bytes, which *must* be random: a password is none. Its id is shown in records
    /// and errors, so it *must not* tell anything of the key; a date is a good one.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where the id is not 1 to 32 of `A-Z a-z 0-9 - _`.
    pub fn new(id: &str, key: [u8; 32]) -> Result<Self, BuildError> {
        let key = Zeroizing::new(key);
        if !is_key_id(id) {
            return Err(BuildError::invalid(
                "key id",
                "must be 1 to 32 of A-Z a-z 0-9 - _",
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

    /// A key from its base64, as `openssl rand -base64 32` makes one; either alphabet, with or
    /// without padding.
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
    /// [`BuildError`] where the text is not the base64 of 32 bytes, or the id is none.
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
        // One byte more than a key has, so that a longer one is seen.
        let mut bytes = Zeroizing::new([0; 33]);
        let length = GeneralPurpose::new(&alphabet, lenient)
            .decode_slice(text, bytes.as_mut_slice())
            .map_err(|_| wrong())?;
        let given = bytes.get(..length).filter(|given| given.len() == key.len());
        key.copy_from_slice(given.ok_or_else(wrong)?);
        Self::new(id, *key)
    }

    /// The name by which its records tell that they were sealed with it.
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

/// The tag of an empty text under a nonce that is used for nothing else.
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

/// What seals and opens the records of a store: one key that seals, and any number of older ones
/// that only open.
///
/// To change the key without a break: give the new one to every process as an older one; then let
/// every process seal with it and keep the old one as the older; drop the old one when every grant
/// was refreshed once.
///
/// ```
/// use token_sealing::{Sealing, SealingKey};
///
/// let sealing = Sealing::with(SealingKey::new("2026-03", [3; 32])?).or_opened_by(SealingKey::new("2026-02", [2; 32])?);
/// assert_eq!(sealing.key_id(), "2026-03");
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sealing {
    sealed_by: SealingKey,
    opened_by: Vec<SealingKey>,
}

impl Sealing {
    /// Seals and opens with this key.
    pub fn with(key: SealingKey) -> Self {
        Self {
            sealed_by: key,
            opened_by: Vec::new(),
        }
    }

    /// Opens with this key too. It never seals.
    #[must_use]
    pub fn or_opened_by(mut self, other: SealingKey) -> Self {
        self.opened_by.push(other);
        self
    }

    /// The id of the key that seals.
    pub fn key_id(&self) -> &str {
        self.sealed_by.id()
    }

    /// The record's body, sealed for this place. The same body gives another text each time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the operating system gives no random numbers, or the body is longer
    /// than 256 GiB.
    pub fn seal(&self, key: &TokenKey, record: &Record) -> Result<String, StoreError> {
        let by = &self.sealed_by;
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| could_not_seal())?;
        let bound = bound_to(by.id(), key, record.fingerprint, record.generation);
        let body = record.body.expose().as_bytes();
        // Room for the tag from the start: a vector that grows leaves a copy behind.
        let mut sealed = Zeroizing::new(Vec::with_capacity(body.len().saturating_add(16)));
        sealed.extend_from_slice(body);
        by.cipher()
            .encrypt_in_place(&nonce.into(), &bound, &mut *sealed)
            .map_err(|_| could_not_seal())?;
        Ok(SealedText::write(by.id(), by.check, nonce, &sealed))
    }

    /// The body of a record that was sealed for this place.
    ///
    /// # Errors
    ///
    /// [`StoreError`], each with a text of its own, where the text is of another program or of a
    /// newer version, is cut short, is sealed by a key whose id was not given, is sealed by another
    /// key of the same id, or was changed or moved here from another place.
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
                "the record is sealed by a key that was not given; it is kept as it is",
            )
            .with_detail(format!("key id {}", sealed.key_id)));
        }
        for key in named {
            if key.check == sealed.check {
                return Ok(key);
            }
        }
        Err(StoreError::new(
            "the record is sealed by another key than the one given under this id; it is kept as it is",
        )
        .with_detail(format!("key id {}", sealed.key_id)))
    }
}

fn is_key_id(id: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=32).contains(&id.len()) && id.bytes().all(harmless)
}

/// What else must be the same when the record is opened. Every part has a fixed length or ends with
/// a byte that it cannot hold.
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
        "the sealed record was changed, or moved here from another place; it is kept as it is",
    )
}
