//! What a page looks like in its file: a line of JSON, the record's body, and a line with the hash of both, so that a torn or changed
//! file is seen.
//!
//! The body is no part of the JSON: a parser and a writer of JSON leave copies of what they escape in the heap.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use token_core::store::{Intent, Lineage, Owner, RecordId, StoreError};
use token_core::{Generation, Key, Secret, Timestamp};

use super::failure::unreadable;
use super::names::{bytes_of, hex};
use super::page::{Body, Kept, Page, Tombstone};
use super::stamp::Stamp;

const FORMAT: &str = "vendor-auth token file";
const VERSION: u32 = 1;

const FOREIGN: &str = "the token file is of another program; it is kept as it is";
const TORN: &str = "the token file is torn or was changed; it is kept as it is";
const NEWER: &str = "the token file is of a newer version of this library; it is kept as it is";
const OTHER_KEY: &str = "the token file is that of another key; it is kept as it is";

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

/// All of a record but its body.
#[derive(Serialize, Deserialize)]
struct RecordHead<'a> {
    #[serde(borrow)]
    lineage: Cow<'a, str>,
    generation: u64,
    /// Milliseconds since 1970, as the next one.
    due_at: Option<i64>,
    grant_ends_at: Option<i64>,
    initial: Option<Cow<'a, str>>,
    committed: Stamp,
    sealed: bool,
}

#[derive(Serialize, Deserialize)]
struct IntentHead<'a> {
    #[serde(borrow)]
    owner: Cow<'a, str>,
    lineage: Option<Cow<'a, str>>,
    generation: u64,
    at: Stamp,
}

#[derive(Serialize, Deserialize)]
struct TombstoneHead<'a> {
    generation: Option<u64>,
    #[serde(borrow)]
    initial: Option<Cow<'a, str>>,
}

/// The text of a page's file.
pub(super) fn write(page: &Page, key: &Key) -> Result<Secret, StoreError> {
    let head = Head {
        format: FORMAT.into(),
        version: VERSION,
        key: key.as_str().into(),
        record: page.record.as_ref().map(write_record),
        intent: page.intent.as_ref().map(write_intent),
        tombstone: page.tombstone.map(write_tombstone),
    };
    let head = serde_json::to_string(&head)
        .map_err(|_| StoreError::new("a token file could not be written down"))?;
    Ok(whole_text(&head, page.record.as_ref().map_or("", body_of)))
}

/// The page of a file's text, which must be this key's.
pub(super) fn read(text: &[u8], key: &Key, path: &Path) -> Result<Page, StoreError> {
    let refuse = |why| unreadable(path, why);
    let (head, body) = whole_parts(text).map_err(refuse)?;
    let head: Head<'_> = serde_json::from_str(head).map_err(|_| refuse(FOREIGN))?;
    if head.format != FORMAT {
        return Err(refuse(FOREIGN));
    }
    if head.version != VERSION {
        return Err(refuse(NEWER));
    }
    if head.key != key.as_str() {
        return Err(refuse(OTHER_KEY));
    }
    read_page(head, body).ok_or_else(|| refuse(FOREIGN))
}

fn read_page(head: Head<'_>, body: &str) -> Option<Page> {
    Some(Page {
        record: each(head.record, |record| read_record(&record, body))?,
        intent: each(head.intent, read_intent)?,
        tombstone: each(head.tombstone, |tombstone| read_tombstone(&tombstone))?,
    })
}

/// Nothing where something is there that cannot be read.
fn each<T, U>(value: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn body_of(kept: &Kept) -> &str {
    match &kept.body {
        Body::Plain(body) => body.expose(),
        Body::Sealed(text) => text,
    }
}

fn write_record(kept: &Kept) -> RecordHead<'_> {
    RecordHead {
        lineage: hex(&kept.id.lineage.0).into(),
        generation: kept.id.generation.number(),
        due_at: kept.due_at.map(Timestamp::unix_millis),
        grant_ends_at: kept.grant_ends_at.map(Timestamp::unix_millis),
        initial: kept.initial.map(write_lineage),
        committed: kept.committed.clone(),
        sealed: matches!(kept.body, Body::Sealed(_)),
    }
}

fn read_record(head: &RecordHead<'_>, body: &str) -> Option<Kept> {
    let body = match head.sealed {
        true => Body::Sealed(body.to_owned()),
        false => Body::Plain(Secret::from(body)),
    };
    Some(Kept {
        id: RecordId {
            lineage: read_lineage(&head.lineage)?,
            generation: Generation::new(head.generation),
        },
        due_at: head.due_at.map(Timestamp::from_unix_millis),
        grant_ends_at: head.grant_ends_at.map(Timestamp::from_unix_millis),
        initial: each(head.initial.as_deref(), read_lineage)?,
        body,
        committed: head.committed.clone(),
    })
}

fn write_intent((intent, at): &(Intent, Stamp)) -> IntentHead<'_> {
    IntentHead {
        owner: intent.owner.as_str().into(),
        lineage: intent.lineage.map(write_lineage),
        generation: intent.generation.number(),
        at: at.clone(),
    }
}

fn read_intent(head: IntentHead<'_>) -> Option<(Intent, Stamp)> {
    let intent = Intent {
        owner: Owner::named(head.owner),
        lineage: each(head.lineage.as_deref(), read_lineage)?,
        generation: Generation::new(head.generation),
    };
    Some((intent, head.at))
}

fn write_tombstone(tombstone: Tombstone) -> TombstoneHead<'static> {
    TombstoneHead {
        generation: tombstone.generation.map(Generation::number),
        initial: tombstone.initial.map(write_lineage),
    }
}

fn read_tombstone(head: &TombstoneHead<'_>) -> Option<Tombstone> {
    Some(Tombstone {
        generation: head.generation.map(Generation::new),
        initial: each(head.initial.as_deref(), read_lineage)?,
    })
}

fn write_lineage(lineage: Lineage) -> Cow<'static, str> {
    hex(&lineage.0).into()
}

fn read_lineage(text: &str) -> Option<Lineage> {
    bytes_of(text).map(Lineage)
}

/// In one piece from the start: a text that grows leaves a copy behind.
fn whole_text(head: &str, body: &str) -> Secret {
    let check = hash([head.as_bytes(), b"\n", body.as_bytes()]);
    Secret::from([head, "\n", body, "\n", &check, "\n"].concat())
}

/// Head and body, where the hash of both follows them.
fn whole_parts(text: &[u8]) -> Result<(&str, &str), &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| broken(text))?;
    let parts = || {
        let (content, check) = text.strip_suffix('\n')?.rsplit_once('\n')?;
        let parts = content.split_once('\n')?;
        (check == hash([content.as_bytes()])).then_some(parts)
    };
    parts().ok_or_else(|| broken(text.as_bytes()))
}

/// Torn where it begins as ours do, or with what a file system leaves of a file that it lost.
fn broken(text: &[u8]) -> &'static str {
    let ours = format!("{{\"format\":\"{FORMAT}\"");
    let left = text.split(|byte| *byte == 0).find(|part| !part.is_empty());
    let begins_as_ours = text.starts_with(ours.as_bytes());
    match begins_as_ours || ours.as_bytes().starts_with(left.unwrap_or_default()) {
        true => TORN,
        false => FOREIGN,
    }
}

fn hash<const N: usize>(parts: [&[u8]; N]) -> String {
    let hash = parts.iter().fold(Sha256::new(), Digest::chain_update);
    format!("sha256:{}", hex(&hash.finalize()))
}
