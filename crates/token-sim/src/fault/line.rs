//! Faults waiting for requests.

use std::sync::Mutex;

use super::{Effect, Fault};
use crate::journal::Kind;
use crate::lock::Locked;

/// The line in which faults wait for requests.
#[derive(Default)]
pub(crate) struct FaultLine(Mutex<Vec<Fault>>);

impl FaultLine {
    pub(crate) fn push(&self, fault: Fault) {
        self.0.locked().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.0.locked().clear();
    }

    /// The first fault that fits a request that was read, used up once.
    pub(crate) fn for_request(&self, kind: Kind, path: &str) -> Option<Fault> {
        self.take(|fault| !matches!(fault.effect, Effect::ResetUnread) && fault.fits(kind, path))
    }

    /// Whether a request is to be reset before it is read.
    pub(crate) fn resets_unread(&self) -> Option<Fault> {
        self.take(|fault| matches!(fault.effect, Effect::ResetUnread))
    }

    fn take(&self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut line = self.0.locked();
        let place = line
            .iter()
            .position(|fault| fault.left != Some(0) && fits(fault))?;
        let fault = line.get_mut(place)?;
        let taken = fault.clone();
        fault.left = fault.left.map(|left| left - 1);
        line.retain(|fault| fault.left != Some(0));
        Some(taken)
    }
}
