//! The format of a token file: a line of JSON, the record's body, and a line with the hash of both,
//! so that a torn or modified file is detected.
//!
//! The body is not part of the JSON, since JSON parsers and serializers leave copies of escaped
//! strings in the heap.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use token_core::store::{Intent, Owner, RecordId, RefreshFingerprint, StoreError};
use token_core::{Generation, Secret, Timestamp, TokenKey};
use zeroize::Zeroizing;

use crate::boot_instant::BootInstant;
use crate::failure::{reading, unreadable};
use crate::file_name::{bytes_of, hex};
use crate::token_file::{Body, StoredRecord, TokenFile, Tombstone};

pub(crate) const FORMAT: &str = "vendor-auth token file";
pub(crate) const VERSION: u32 = 1;

/// What precedes the hash: the end of the body, and the name of the hash.
pub(crate) const BEFORE_HASH: &[u8] = b"\nsha256:";
/// The length of the end of a file: `BEFORE_HASH`, the hash in hexadecimal, and a line feed.
pub(crate) const HASH_LINE: usize = BEFORE_HASH.len() + 64 + 1;

/// The maximum length of a token file: a record has at most a few times 64 KiB.
const LONGEST: u64 = 4 << 20;

/// Why a file's content cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    Torn,
    Foreign,
    Newer,
    OtherKey,
}

impl Unusable {
    /// Returns the error for the file at this path.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let what = match self {
            Self::Torn => "the token file is torn or was modified; it is left unchanged",
            Self::Foreign => "the token file was written by another program; it is left unchanged",
            Self::Newer => {
                "a newer version of this library wrote the token file; it is left unchanged"
            }
            Self::OtherKey => "the token file belongs to another key; it is left unchanged",
        };
        unreadable(path, what)
    }
}

/// The fields of every version of the format.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    format: Cow<'a, str>,
    version: u32,
    #[serde(borrow)]
    key: Cow<'a, str>,
    record: Option<RecordHead<'a>>,
    intent: Option<IntentHead<'a>>,
    tombstone: Option<TombstoneHead<'a>>,
}

/// A record without its body.
#[derive(Serialize, Deserialize)]
struct RecordHead<'a> {
    #[serde(borrow)]
    fingerprint: Cow<'a, str>,
    generation: u64,
    /// Milliseconds since the Unix epoch, like the next one.
    due_at: Option<i64>,
    grant_ends_at: Option<i64>,
    initial: Option<Cow<'a, str>>,
    committed: BootInstant,
    sealed: bool,
}

#[derive(Serialize, Deserialize)]
struct IntentHead<'a> {
    #[serde(borrow)]
    owner: Cow<'a, str>,
    fingerprint: Option<Cow<'a, str>>,
    generation: u64,
    at: BootInstant,
}

#[derive(Serialize, Deserialize)]
struct TombstoneHead<'a> {
    generation: Option<u64>,
    #[serde(borrow)]
    initial: Option<Cow<'a, str>>,
}

/// Serializes a token file.
pub(crate) fn write(contents: &TokenFile, key: &TokenKey) -> Result<Secret, StoreError> {
    let head = Head {
        format: FORMAT.into(),
        version: VERSION,
        key: key.as_str().into(),
        record: contents.record.as_ref().map(write_record),
        intent: contents.intent.as_ref().map(write_intent),
        tombstone: contents.tombstone.map(write_tombstone),
    };
    let head = serde_json::to_string(&head)
        .map_err(|_| StoreError::new("the token file could not be serialized"))?;
    Ok(whole_text(
        &head,
        contents.record.as_ref().map_or("", body_of),
    ))
}

/// Reads the contents of a file, wiped on drop; `None` if there is no file.
pub(crate) fn content(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let read = || -> io::Result<Zeroizing<Vec<u8>>> {
        let file = File::open(path)?;
        let length = file.metadata()?.len().min(LONGEST);
        // Allocated at full size: a vector that grows leaves a copy behind.
        let room = usize::try_from(length).unwrap_or(0).saturating_add(1);
        let mut content = Zeroizing::new(Vec::with_capacity(room));
        file.take(length).read_to_end(&mut content)?;
        Ok(content)
    };
    match read() {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(reading(path, &error)),
    }
}

/// Parses the contents of a file, which must be this key's.
pub(crate) fn read(content: &[u8], key: &TokenKey) -> Result<TokenFile, Unusable> {
    let (head, body) = whole_parts(content)?;
    let Kind { format, version } = parse(head)?;
    if format != FORMAT {
        return Err(Unusable::Foreign);
    }
    if version != VERSION {
        return Err(Unusable::Newer);
    }
    let head: Head<'_> = parse(head)?;
    if head.key != key.as_str() {
        return Err(Unusable::OtherKey);
    }
    read_contents(head, body).ok_or(Unusable::Foreign)
}

fn parse<'a, T: Deserialize<'a>>(head: &'a str) -> Result<T, Unusable> {
    serde_json::from_str(head).map_err(|_| Unusable::Foreign)
}

fn read_contents(head: Head<'_>, body: &str) -> Option<TokenFile> {
    Some(TokenFile {
        record: each(head.record, |record| read_record(&record, body))?,
        intent: each(head.intent, read_intent)?,
        tombstone: each(head.tombstone, |tombstone| read_tombstone(&tombstone))?,
    })
}

/// Applies `read` to a value; `None` if there is a value that cannot be read.
fn each<T, U>(value: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn body_of(stored: &StoredRecord) -> &str {
    match &stored.body {
        Body::Plain(body) => body.expose(),
        Body::Sealed(text) => text,
    }
}

fn write_record(stored: &StoredRecord) -> RecordHead<'_> {
    RecordHead {
        fingerprint: hex(&stored.id.fingerprint.0).into(),
        generation: stored.id.generation.number(),
        due_at: stored.due_at.map(Timestamp::unix_millis),
        grant_ends_at: stored.grant_ends_at.map(Timestamp::unix_millis),
        initial: stored.initial.map(write_fingerprint),
        committed: stored.committed.clone(),
        sealed: matches!(stored.body, Body::Sealed(_)),
    }
}

fn read_record(head: &RecordHead<'_>, body: &str) -> Option<StoredRecord> {
    let body = match head.sealed {
        true => Body::Sealed(body.to_owned()),
        false => Body::Plain(Secret::from(body)),
    };
    Some(StoredRecord {
        id: RecordId {
            fingerprint: read_fingerprint(&head.fingerprint)?,
            generation: Generation::new(head.generation),
        },
        due_at: head.due_at.map(Timestamp::from_unix_millis),
        grant_ends_at: head.grant_ends_at.map(Timestamp::from_unix_millis),
        initial: each(head.initial.as_deref(), read_fingerprint)?,
        body,
        committed: head.committed.clone(),
    })
}

fn write_intent((intent, at): &(Intent, BootInstant)) -> IntentHead<'_> {
    IntentHead {
        owner: intent.owner.as_str().into(),
        fingerprint: intent.fingerprint.map(write_fingerprint),
        generation: intent.generation.number(),
        at: at.clone(),
    }
}

fn read_intent(head: IntentHead<'_>) -> Option<(Intent, BootInstant)> {
    let intent = Intent {
        owner: Owner::named(head.owner),
        fingerprint: each(head.fingerprint.as_deref(), read_fingerprint)?,
        generation: Generation::new(head.generation),
    };
    Some((intent, head.at))
}

fn write_tombstone(tombstone: Tombstone) -> TombstoneHead<'static> {
    TombstoneHead {
        generation: tombstone.generation.map(Generation::number),
        initial: tombstone.initial.map(write_fingerprint),
    }
}

fn read_tombstone(head: &TombstoneHead<'_>) -> Option<Tombstone> {
    Some(Tombstone {
        generation: head.generation.map(Generation::new),
        initial: each(head.initial.as_deref(), read_fingerprint)?,
    })
}

fn write_fingerprint(fingerprint: RefreshFingerprint) -> Cow<'static, str> {
    hex(&fingerprint.0).into()
}

fn read_fingerprint(text: &str) -> Option<RefreshFingerprint> {
    bytes_of(text).map(RefreshFingerprint)
}

/// Returns the whole text, allocated at full size: a string that grows leaves a copy behind.
fn whole_text(head: &str, body: &str) -> Secret {
    let check = hash([head.as_bytes(), b"\n", body.as_bytes()]);
    Secret::from([head, "\n", body, "\n", &check, "\n"].concat())
}

/// Returns head and body if they are followed by the hash of both.
fn whole_parts(content: &[u8]) -> Result<(&str, &str), Unusable> {
    let text = std::str::from_utf8(content).map_err(|_| broken(content))?;
    let parts = || {
        let (content, check) = text.strip_suffix('\n')?.rsplit_once('\n')?;
        let parts = content.split_once('\n')?;
        (check == hash([content.as_bytes()])).then_some(parts)
    };
    parts().ok_or_else(|| broken(content))
}

/// Returns that the file is torn if it begins like a token file, or with the zeros that file
/// systems leave of a lost file; otherwise that it is foreign.
fn broken(text: &[u8]) -> Unusable {
    let ours = format!("{{\"format\":\"{FORMAT}\"");
    let left = text.split(|byte| *byte == 0).find(|part| !part.is_empty());
    let begins_as_ours = text.starts_with(ours.as_bytes());
    match begins_as_ours || ours.as_bytes().starts_with(left.unwrap_or_default()) {
        true => Unusable::Torn,
        false => Unusable::Foreign,
    }
}

fn hash<const N: usize>(parts: [&[u8]; N]) -> String {
    let hash = parts.iter().fold(Sha256::new(), Digest::chain_update);
    format!("sha256:{}", hex(&hash.finalize()))
}
