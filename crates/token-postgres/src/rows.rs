//! Converts rows to records and entries.

use std::time::Duration;

use token_core::store::{
    Committed, Due, DueCursor, DuePage, Entry, Intent, Owner, Record, RefreshFingerprint,
    StoreError,
};
use token_core::{Generation, Timestamp, TokenKey};
use token_sealing::Sealing;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::failure;

/// Reads a column, or fails if it does not have the type that this store writes.
pub(crate) fn read<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| failure::not_ours())
}

pub(crate) fn entry(sealing: &Sealing, key: &TokenKey, row: &Row) -> Result<Entry, StoreError> {
    let mut entry = Entry::default();
    entry.record = record(sealing, key, row)?;
    entry.record_age = span(read(row, "record_age_micros")?).unwrap_or_default();
    entry.intent = intent(row)?;
    entry.intent_age = span(read(row, "intent_age_micros")?).unwrap_or_default();
    entry.tombstoned = read(row, "tombstoned")?;
    entry.tombstoned_generation = generation(row, "tombstoned_generation")?;
    entry.tombstoned_initial = fingerprint(row, "tombstoned_initial")?;
    Ok(entry)
}

/// Reads a page of due.sql. A key that is not valid was not written by this store, and is skipped.
pub(crate) fn page(limit: usize, rows: &[Row]) -> Result<DuePage, StoreError> {
    let mut due = Vec::with_capacity(rows.len());
    for row in rows {
        if let Ok(key) = TokenKey::parse(read(row, "key")?) {
            let ends_at = timestamp(row, "grant_ends_at")?;
            due.push(Due::new(key, due_at(row)?).grant_ends_at(ends_at));
        }
    }
    let last = rows.last().filter(|_| rows.len() >= limit);
    let next = last.map(|row| Ok(DueCursor::new(due_at(row)?, read(row, "key")?)));
    Ok(DuePage::new(due, next.transpose()?))
}

fn due_at(row: &Row) -> Result<Timestamp, StoreError> {
    read(row, "due_at").map(Timestamp::from_unix_millis)
}

/// Parses the verdict of commit.sql.
pub(crate) fn verdict(row: &Row) -> Result<Committed, StoreError> {
    match read(row, "verdict")? {
        "stored" => Ok(Committed::Stored),
        "tombstoned" => Ok(Committed::Tombstoned),
        "missing" => Ok(Committed::Missing),
        "lost" => Ok(Committed::Lost),
        _ => Err(failure::not_ours()),
    }
}

fn generation(row: &Row, column: &str) -> Result<Option<Generation>, StoreError> {
    let number: Option<i64> = read(row, column)?;
    Ok(number.map(|number| Generation::new(number.cast_unsigned())))
}

/// Returns `None` for a time that is missing or not positive.
pub(crate) fn span(micros: Option<i64>) -> Option<Duration> {
    let micros = micros?.try_into().ok()?;
    Some(Duration::from_micros(micros)).filter(|span| !span.is_zero())
}

pub(crate) fn record(
    sealing: &Sealing,
    key: &TokenKey,
    row: &Row,
) -> Result<Option<Record>, StoreError> {
    let Some(fingerprint) = fingerprint(row, "fingerprint")? else {
        return Ok(None);
    };
    let generation = generation(row, "generation")?.ok_or_else(failure::not_ours)?;
    let body = sealing.open(key, fingerprint, generation, read(row, "body")?)?;
    let mut record = Record::new(fingerprint, generation, body);
    record.due_at = timestamp(row, "due_at")?;
    record.grant_ends_at = timestamp(row, "grant_ends_at")?;
    record.initial = self::fingerprint(row, "initial")?;
    Ok(Some(record))
}

fn timestamp(row: &Row, column: &str) -> Result<Option<Timestamp>, StoreError> {
    let millis: Option<i64> = read(row, column)?;
    Ok(millis.map(Timestamp::from_unix_millis))
}

fn intent(row: &Row) -> Result<Option<Intent>, StoreError> {
    let Some(owner) = read::<Option<String>>(row, "intent_owner")? else {
        return Ok(None);
    };
    Ok(Some(Intent {
        owner: Owner::named(owner),
        fingerprint: fingerprint(row, "intent_fingerprint")?,
        generation: generation(row, "intent_generation")?.ok_or_else(failure::not_ours)?,
    }))
}

fn fingerprint(row: &Row, column: &str) -> Result<Option<RefreshFingerprint>, StoreError> {
    let Some(bytes) = read::<Option<&[u8]>>(row, column)? else {
        return Ok(None);
    };
    let bytes = bytes.try_into().map_err(|_| failure::not_ours())?;
    Ok(Some(RefreshFingerprint(bytes)))
}
