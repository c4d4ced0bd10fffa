//! What is in a token file: one line of JSON and one with its hash, so that a torn or changed file is seen.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use token_core::sealing::Sealing;
use token_core::store::{CommitCondition, Committed, Entry, Intent, Lineage, Owner, Record, StoreError};
use token_core::{Generation, Key, Secret};

use super::failure::unreadable;
use super::names::{bytes_of, hex};
use super::stamp::Stamp;

const FORMAT: &str = "vendor-auth token file";
const VERSION: u32 = 1;

/// All that is kept for a key but its lease.
#[derive(Default)]
pub(super) struct Page {
    pub(super) record: Option<Kept>,
    pub(super) intent: Option<(Intent, Stamp)>,
    pub(super) tombstoned: bool,
    tombstoned_generation: Option<Generation>,
}

/// A record as it lies in the file.
pub(super) struct Kept {
    pub(super) lineage: Lineage,
    pub(super) generation: Generation,
    body: Body,
    committed: Stamp,
}

enum Body {
    Plain(Secret),
    Sealed(String),
}

#[derive(Serialize, Deserialize)]
struct Written<'a> {
    format: Cow<'a, str>,
    version: u32,
    #[serde(borrow)]
    key: Cow<'a, str>,
    record: Option<WrittenRecord<'a>>,
    intent: Option<WrittenIntent<'a>>,
    tombstoned: bool,
    tombstoned_generation: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct WrittenRecord<'a> {
    #[serde(borrow)]
    lineage: Cow<'a, str>,
    generation: u64,
    plain: Option<Cow<'a, str>>,
    sealed: Option<Cow<'a, str>>,
    committed: Stamp,
}

#[derive(Serialize, Deserialize)]
struct WrittenIntent<'a> {
    #[serde(borrow)]
    owner: Cow<'a, str>,
    lineage: Option<Cow<'a, str>>,
    at: Stamp,
}

impl Page {
    /// The text of the file.
    pub(super) fn write(&self, key: &Key) -> Result<Secret, StoreError> {
        let written = Written {
            format: FORMAT.into(),
            version: VERSION,
            key: key.as_str().into(),
            record: self.record.as_ref().map(Kept::write),
            intent: self.intent.as_ref().map(write_intent),
            tombstoned: self.tombstoned,
            tombstoned_generation: self.tombstoned_generation.map(Generation::number),
        };
        let line = serde_json::to_string(&written)
            .map(Secret::from)
            .map_err(|_| StoreError::new("a token file could not be written down"))?;
        Ok(Secret::from(format!(
            "{}\n{}\n",
            line.expose(),
            hash(line.expose())
        )))
    }

    /// The page of a file's text, which must be this key's.
    pub(super) fn read(text: &str, key: &Key, path: &Path) -> Result<Self, StoreError> {
        let foreign = || unreadable(path, "the token file is of another program; it is kept as it is");
        let line = whole_line(text, path)?;
        let written: Written<'_> = serde_json::from_str(line).map_err(|_| foreign())?;
        if written.format != FORMAT {
            return Err(foreign());
        }
        if written.version != VERSION {
            return Err(unreadable(
                path,
                "the token file is of a newer version of this library; it is kept as it is",
            ));
        }
        if written.key != key.as_str() {
            return Err(unreadable(
                path,
                "the token file is that of another key; it is kept as it is",
            ));
        }
        Self::from_written(written).ok_or_else(foreign)
    }

    fn from_written(written: Written<'_>) -> Option<Self> {
        let record = match written.record {
            Some(record) => Some(Kept::read(record)?),
            None => None,
        };
        let intent = match written.intent {
            Some(intent) => Some(read_intent(intent)?),
            None => None,
        };
        Some(Self {
            record,
            intent,
            tombstoned: written.tombstoned,
            tombstoned_generation: written.tombstoned_generation.map(Generation::new),
        })
    }

    /// What the engine gets to see.
    pub(super) fn entry(&self, key: &Key, sealing: Option<&Sealing>) -> Result<Entry, StoreError> {
        let mut entry = Entry::default();
        entry.tombstoned = self.tombstoned;
        entry.tombstoned_generation = self.tombstoned_generation;
        if let Some(kept) = &self.record {
            entry.record = Some(kept.open(key, sealing)?);
            entry.record_age = kept.committed.age(&Stamp::now());
        }
        if let Some((intent, at)) = &self.intent {
            entry.intent = Some(intent.clone());
            entry.intent_age = at.age(&Stamp::now());
        }
        Ok(entry)
    }

    /// Why this record may not be committed; nothing where it may.
    pub(super) fn refuses(&self, condition: &CommitCondition, record: &Record) -> Option<Committed> {
        if self.tombstoned && *condition != CommitCondition::Overwrite {
            return Some(Committed::Tombstoned);
        }
        let CommitCondition::ParentIs(parent) = condition else {
            return None;
        };
        let Some(stored) = &self.record else {
            return Some(Committed::Missing);
        };
        let again = stored.lineage == record.lineage && stored.generation == record.generation;
        (!again && stored.lineage != *parent).then_some(Committed::Lost)
    }

    /// The page with this record. An intent to spend it is another flight's, and stays.
    pub(super) fn with(self, mut kept: Kept) -> Self {
        let lineage = Some(kept.lineage);
        if let Some(same) = self.record.filter(|stored| stored.is_of(&kept)) {
            kept.committed = same.committed;
        }
        Self {
            intent: self.intent.filter(|(intent, _)| intent.lineage == lineage),
            record: Some(kept),
            ..Self::default()
        }
    }

    /// What a logout leaves; a second one keeps what the first removed.
    pub(super) fn tombstoned(&self) -> Self {
        let removed = self.record.as_ref().map(|kept| kept.generation);
        Self {
            tombstoned: true,
            tombstoned_generation: removed.or(self.tombstoned_generation),
            ..Self::default()
        }
    }
}

impl Kept {
    pub(super) fn of(key: &Key, record: &Record, sealing: Option<&Sealing>) -> Result<Self, StoreError> {
        let body = match sealing {
            Some(sealing) => Body::Sealed(sealing.seal(key, record)?),
            None => Body::Plain(record.body.clone()),
        };
        Ok(Self {
            lineage: record.lineage,
            generation: record.generation,
            body,
            committed: Stamp::now(),
        })
    }

    fn is_of(&self, other: &Self) -> bool {
        self.lineage == other.lineage && self.generation == other.generation
    }

    fn open(&self, key: &Key, sealing: Option<&Sealing>) -> Result<Record, StoreError> {
        let body = match (&self.body, sealing) {
            (Body::Sealed(text), Some(sealing)) => sealing.open(key, self.lineage, self.generation, text)?,
            (Body::Plain(body), None) => body.clone(),
            (Body::Sealed(_), None) => {
                return Err(StoreError::new(
                    "the record is sealed and no key was given; it is kept as it is",
                ));
            }
            // Whoever can write the file could otherwise put a token of his own in place of a sealed one.
            (Body::Plain(_), Some(_)) => {
                return Err(StoreError::new(
                    "the record is not sealed though a key was given; it is kept as it is",
                ));
            }
        };
        Ok(Record::new(self.lineage, self.generation, body))
    }

    fn write(&self) -> WrittenRecord<'_> {
        let (plain, sealed) = match &self.body {
            Body::Plain(body) => (Some(body.expose().into()), None),
            Body::Sealed(text) => (None, Some(text.into())),
        };
        WrittenRecord {
            lineage: hex(&self.lineage.0).into(),
            generation: self.generation.number(),
            plain,
            sealed,
            committed: self.committed.clone(),
        }
    }

    fn read(written: WrittenRecord<'_>) -> Option<Self> {
        let body = match (written.plain, written.sealed) {
            (Some(body), None) => Body::Plain(Secret::from(body.into_owned())),
            (None, Some(text)) => Body::Sealed(text.into_owned()),
            _ => return None,
        };
        Some(Self {
            lineage: Lineage(bytes_of(&written.lineage)?),
            generation: Generation::new(written.generation),
            body,
            committed: written.committed,
        })
    }
}

fn write_intent((intent, at): &(Intent, Stamp)) -> WrittenIntent<'_> {
    WrittenIntent {
        owner: intent.owner.as_str().into(),
        lineage: intent.lineage.map(|lineage| hex(&lineage.0).into()),
        at: at.clone(),
    }
}

fn read_intent(written: WrittenIntent<'_>) -> Option<(Intent, Stamp)> {
    let lineage = match written.lineage {
        Some(lineage) => Some(Lineage(bytes_of(&lineage)?)),
        None => None,
    };
    let owner = Owner::named(written.owner);
    let intent = Intent {
        owner,
        lineage,
        generation: Generation::default(),
    };
    Some((intent, written.at))
}

/// The line whose hash follows it.
fn whole_line<'a>(text: &'a str, path: &Path) -> Result<&'a str, StoreError> {
    let whole = text.strip_suffix('\n').and_then(|text| text.split_once('\n'));
    match whole {
        Some((line, check)) if check == hash(line) => Ok(line),
        _ if looks_like_ours(text) => Err(unreadable(
            path,
            "the token file is torn or was changed; it is kept as it is",
        )),
        _ => Err(unreadable(
            path,
            "the token file is of another program; it is kept as it is",
        )),
    }
}

/// Begins as ours do, or with what a file system leaves of a file that it lost.
fn looks_like_ours(text: &str) -> bool {
    let ours = format!("{{\"format\":\"{FORMAT}\"");
    text.starts_with(&ours) || ours.starts_with(text.trim_matches('\0'))
}

fn hash(line: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(line)))
}
