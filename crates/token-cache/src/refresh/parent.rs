//! The token that a refresh sends.

use token_core::Token;
use token_core::store::{Record, RefreshFingerprint};

use super::Refresher;

/// A token that is to be refreshed, with its fingerprint.
pub(super) struct Parent {
    pub(super) token: Token,
    pub(super) fingerprint: RefreshFingerprint,
}

impl Parent {
    /// Returns the token of this record, which has its fingerprint.
    pub(super) fn of_record(token: Token, record: &Record) -> Self {
        let fingerprint = record.fingerprint;
        Self { token, fingerprint }
    }
}

impl Refresher {
    pub(super) fn parent(&self, token: Token) -> Parent {
        let fingerprint = self.fingerprint(&token);
        Parent { token, fingerprint }
    }
}
