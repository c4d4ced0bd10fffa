//! In the place of the limits of a pool.

use std::time::Duration;

use token_core::Error;

/// There is none without a pool.
pub(crate) enum Admission {}

pub(crate) struct Permit<'a>(#[expect(dead_code, reason = "there is none")] &'a Admission);

impl Admission {
    pub(crate) async fn enter(&self) -> Permit<'_> {
        match *self {}
    }

    pub(crate) fn failed(&self, _error: &Error) {
        match *self {}
    }

    pub(crate) fn succeeded(&self, _begun: Duration) {
        match *self {}
    }
}
