//! The SQL of every operation, with the table names filled in, and its parameters.

use token_core::store::{CommitCondition, RefreshFingerprint, StoreError};
use token_core::{Generation, Timestamp};
use tokio_postgres::types::{ToSql, Type};

use crate::tables::TableNames;

#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) load: String,
    pub(crate) acquire: String,
    pub(crate) renew: String,
    pub(crate) release: String,
    pub(crate) write_intent: String,
    pub(crate) clear_intent: String,
    pub(crate) commit: String,
    pub(crate) tombstone: String,
    pub(crate) due: String,
    pub(crate) version: String,
}

impl Statements {
    pub(crate) fn of(tables: &TableNames) -> Self {
        let named = |sql| tables.named_in(sql);
        Self {
            load: named(concat!(
                "SELECT\n",
                include_str!("sql/entry.sql"),
                include_str!("sql/load.sql")
            )),
            acquire: named(concat!(
                include_str!("sql/acquire.sql"),
                include_str!("sql/entry.sql")
            )),
            renew: named(include_str!("sql/renew.sql")),
            release: named(include_str!("sql/release.sql")),
            write_intent: named(include_str!("sql/write_intent.sql")),
            clear_intent: named(include_str!("sql/clear_intent.sql")),
            commit: named(include_str!("sql/commit.sql")),
            tombstone: named(include_str!("sql/tombstone.sql")),
            due: named(include_str!("sql/due.sql")),
            version: named(include_str!("sql/version.sql")),
        }
    }
}

/// A parameter with its type. Typed parameters need no named statement and no second round trip, so
/// that statements work behind a transaction pooler.
pub(crate) enum Parameter<'a> {
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
    Number(Option<i64>),
    Truth(bool),
}

impl Parameter<'_> {
    pub(crate) fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Bytes(bytes) => (bytes, Type::BYTEA),
            Self::Number(number) => (number, Type::INT8),
            Self::Truth(truth) => (truth, Type::BOOL),
        }
    }

    /// Converts a condition to its parameters: the parent, whether anything is overwritten, and the
    /// owner whose intent must stand.
    pub(crate) fn condition(condition: &CommitCondition) -> Result<[Parameter<'_>; 3], StoreError> {
        let (parent, overwrites, login) = match condition {
            CommitCondition::ParentIs(parent) => (Some(parent), false, None),
            CommitCondition::Overwrite => (None, true, None),
            CommitCondition::UnlessTombstoned => (None, false, None),
            CommitCondition::LoginIntentOf(owner) => (None, false, Some(owner.as_str())),
            _ => {
                return Err(StoreError::new(
                    "this version of the PostgreSQL store does not support this commit condition",
                ));
            }
        };
        Ok([
            parent.into(),
            Parameter::Truth(overwrites),
            Parameter::Text(login),
        ])
    }
}

impl<'a> From<&'a str> for Parameter<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a RefreshFingerprint> for Parameter<'a> {
    fn from(fingerprint: &'a RefreshFingerprint) -> Self {
        Some(fingerprint).into()
    }
}

impl<'a> From<Option<&'a RefreshFingerprint>> for Parameter<'a> {
    fn from(fingerprint: Option<&'a RefreshFingerprint>) -> Self {
        Self::Bytes(fingerprint.map(|fingerprint| fingerprint.0.as_slice()))
    }
}

impl From<Generation> for Parameter<'_> {
    fn from(generation: Generation) -> Self {
        Self::Number(Some(generation.number().cast_signed()))
    }
}

impl From<Option<Timestamp>> for Parameter<'_> {
    fn from(instant: Option<Timestamp>) -> Self {
        Self::Number(instant.map(Timestamp::unix_millis))
    }
}
