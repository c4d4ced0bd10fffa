//! In the place of the limits of a pool.

use std::time::Duration;

use token_core::Error;

use super::trigger::Trigger;

/// There is none without a pool.
pub(crate) enum Admission {}

pub(crate) struct Permit<'a>(#[expect(dead_code, reason = "there is none")] &'a Admission);

impl Admission {
    pub(crate) async fn enter(&self, _trigger: Trigger) -> Permit<'_> {
        match *self {}
    }

    pub(crate) async fn start(&self, _trigger: Trigger) -> Permit<'_> {
        match *self {}
    }

    pub(crate) fn failed(&self, _error: &Error) {
        match *self {}
    }

    pub(crate) fn succeeded(&self, _begun: Duration) {
        match *self {}
    }
}
