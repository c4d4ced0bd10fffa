//! Parameters of a statement.

use token_core::store::{CommitCondition, RefreshFingerprint, StoreError};
use token_core::{Generation, Timestamp};
use tokio_postgres::types::{ToSql, Type};

/// A parameter. Its type goes with it, so that a statement needs no name and no second round trip:
/// that is what passes a pooler.
pub(crate) enum Given<'a> {
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
    Number(Option<i64>),
    Truth(bool),
}

impl Given<'_> {
    pub(crate) fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Bytes(bytes) => (bytes, Type::BYTEA),
            Self::Number(number) => (number, Type::INT8),
            Self::Truth(truth) => (truth, Type::BOOL),
        }
    }

    /// What may be replaced: the parent, whether anything is, and the owner whose intent must
    /// stand.
    pub(crate) fn condition(condition: &CommitCondition) -> Result<[Given<'_>; 3], StoreError> {
        let (parent, overwrites, login) = match condition {
            CommitCondition::ParentIs(parent) => (Some(parent), false, None),
            CommitCondition::Overwrite => (None, true, None),
            CommitCondition::UnlessTombstoned => (None, false, None),
            CommitCondition::LoginIntentOf(owner) => (None, false, Some(owner.as_str())),
            _ => {
                return Err(StoreError::new(
                    "the PostgreSQL store does not know this condition",
                ));
            }
        };
        Ok([parent.into(), Given::Truth(overwrites), Given::Text(login)])
    }
}

impl<'a> From<&'a str> for Given<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a RefreshFingerprint> for Given<'a> {
    fn from(fingerprint: &'a RefreshFingerprint) -> Self {
        Some(fingerprint).into()
    }
}

impl<'a> From<Option<&'a RefreshFingerprint>> for Given<'a> {
    fn from(fingerprint: Option<&'a RefreshFingerprint>) -> Self {
        Self::Bytes(fingerprint.map(|fingerprint| fingerprint.0.as_slice()))
    }
}

impl From<Generation> for Given<'_> {
    fn from(generation: Generation) -> Self {
        Self::Number(Some(generation.number().cast_signed()))
    }
}

impl From<Option<Timestamp>> for Given<'_> {
    fn from(instant: Option<Timestamp>) -> Self {
        Self::Number(instant.map(Timestamp::unix_millis))
    }
}
