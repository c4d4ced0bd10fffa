//! How a token is written into a store: versioned JSON, which the store may seal; and the
//! fingerprint of its refresh token.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use token_core::store::{Due, Record, RefreshFingerprint, StoreError};
use token_core::{Generation, Timestamp, Token, TokenKey, TokenPlacement};

use self::refused::Refused;
use self::text::{Text, to_json};
use self::times::Times;

pub(super) mod mark;
mod placement;
mod refused;
mod text;
mod times;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    version: u32,
    written_at: i64,
    #[serde(borrow)]
    access: Text<'a>,
    #[serde(borrow)]
    placement: Cow<'a, str>,
    refresh: Option<Text<'a>>,
    refresh_expires_at: Option<i64>,
    issued_at: i64,
    expires_at: i64,
    refreshable_from: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requested_refresh_at: Option<i64>,
    /// How long a session lives after its last use, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idle: Option<u64>,
    /// The end that no use moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_by: Option<i64>,
    scopes: Vec<Cow<'a, str>>,
    extras: BTreeMap<Cow<'a, str>, Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

impl Document<'_> {
    fn times(&self) -> Times {
        let at = Timestamp::from_unix_millis;
        Times {
            written_at: at(self.written_at),
            issued_at: at(self.issued_at),
            expires_at: at(self.expires_at),
            refreshable_from: at(self.refreshable_from),
            requested_refresh_at: self.requested_refresh_at.map(at),
            idle: self.idle.map(Duration::from_millis),
            ends_by: self.ends_by.map(at),
        }
    }
}

/// Returns the record of a token under this key, written at the local time `now`.
pub(crate) fn write(key: &TokenKey, token: &Token, now: Timestamp) -> Result<Record, StoreError> {
    let validity = token.validity();
    let written = Document {
        version: VERSION,
        written_at: now.unix_millis(),
        access: token.access().into(),
        placement: placement::name_of(token.placement())?,
        refresh: token.refresh().map(Into::into),
        refresh_expires_at: token.refresh_expires_at().map(Timestamp::unix_millis),
        issued_at: validity.issued_at().unix_millis(),
        expires_at: validity.expires_at().unix_millis(),
        refreshable_from: validity.refreshable_from().unix_millis(),
        requested_refresh_at: validity.requested_refresh_at().map(Timestamp::unix_millis),
        idle: validity.idle().map(times::millis),
        ends_by: validity
            .last_end()
            .filter(|_| validity.idle().is_some())
            .map(Timestamp::unix_millis),
        scopes: token.scopes().iter().map(Into::into).collect(),
        extras: token
            .extras()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        refused: None,
    };
    let texts = token.secrets().map(|secret| secret.expose().len()).sum();
    let body = to_json(&written, texts)
        .map_err(|_| StoreError::new("the token could not be serialized"))?;
    let mut record = Record::new(fingerprint(key, token), token.generation(), body);
    let due_at = validity.ends().map(|_| validity.refresh_at());
    record.due_at = due_at.filter(|at| *at < Due::OF_REFUSED);
    record.grant_ends_at = token.refresh_expires_at();
    Ok(record)
}

/// Returns the token of a record at the local time `now`; the store says that it was committed
/// `age` ago.
///
/// The clocks of writer and reader may differ, and neither may make the token live longer than it
/// does. So there are two opinions on its end, of which the earlier counts: what the writer's clock
/// said, less what it is ahead of the reader's by that age; and what was left when it was written,
/// less that age.
pub(crate) fn read(record: &Record, age: Duration, now: Timestamp) -> Result<Token, StoreError> {
    Written::of(record)?.token(age, now)
}

/// What is written in a record.
pub(crate) struct Written<'a> {
    generation: Generation,
    placement: TokenPlacement,
    document: Document<'a>,
}

impl<'a> Written<'a> {
    pub(crate) fn of(record: &'a Record) -> Result<Self, StoreError> {
        let document = parse(record)?;
        Ok(Self {
            generation: record.generation,
            placement: placement::named(&document.placement).ok_or_else(foreign)?,
            document,
        })
    }

    /// Whether this token was written: the same secrets of the same generation.
    pub(crate) fn is_of(&self, token: &Token) -> bool {
        let (access, refresh) = (&self.document.access, &self.document.refresh);
        let spent = refresh.as_ref().unwrap_or(access);
        self.generation == token.generation()
            && access.is(token.access())
            && spent.is(token.refresh_credential())
    }

    /// Returns the token: see [`read`].
    pub(crate) fn token(self, age: Duration, now: Timestamp) -> Result<Token, StoreError> {
        let written = self.document;
        let validity = written.times().validity(age, now);
        let refresh_expires_at = written.refresh_expires_at;
        let token = Token::builder(written.access.to_secret(), validity)
            .placement(self.placement)
            .refresh(written.refresh.as_ref().map(Text::to_secret))
            .refresh_expires_at(refresh_expires_at.map(Timestamp::from_unix_millis))
            .scopes(written.scopes.into_iter().map(Cow::into_owned))
            .generation(self.generation);
        let extras = written.extras.into_iter();
        let with_extras = extras.fold(token, |token, (name, value)| {
            token.extra(name.into_owned(), value.to_secret())
        });
        with_extras.build().map_err(|_| foreign())
    }
}

fn parse(record: &Record) -> Result<Document<'_>, StoreError> {
    let written: Document<'_> =
        serde_json::from_str(record.body.expose()).map_err(|_| foreign())?;
    match written.version {
        VERSION => Ok(written),
        _ => Err(StoreError::new(
            "the stored record was written by a newer version; it is left unchanged",
        )),
    }
}

fn foreign() -> StoreError {
    StoreError::new("the stored record was not written by this library; it is left unchanged")
}

/// Returns the keyed hash of what a refresh of `token` spends: it names it without revealing it.
pub(crate) fn fingerprint(key: &TokenKey, token: &Token) -> RefreshFingerprint {
    let credential = token.refresh_credential().expose().as_bytes();
    // HMAC takes a key of any length, so this cannot fail. If it did, all fingerprints would be
    // alike, and no second token would commit.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_str().as_bytes()) else {
        return RefreshFingerprint([0; 32]);
    };
    mac.update(credential);
    RefreshFingerprint(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests;
