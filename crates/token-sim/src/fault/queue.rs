//! Faults waiting for requests.

use std::sync::Mutex;

use super::{Effect, Fault};
use crate::clock::Locked as _;
use crate::journal::Kind;

/// The faults that wait for requests, in order.
#[derive(Default)]
pub(crate) struct FaultQueue(Mutex<Vec<Fault>>);

impl FaultQueue {
    pub(crate) fn push(&self, fault: Fault) {
        self.0.locked().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.0.locked().clear();
    }

    /// Takes the first fault that applies to a request that was read.
    pub(crate) fn for_request(&self, kind: Kind, path: &str) -> Option<Fault> {
        self.take(|fault| !matches!(fault.effect, Effect::ResetUnread) && fault.fits(kind, path))
    }

    /// Takes a fault that resets the connection before the request is read.
    pub(crate) fn resets_unread(&self) -> Option<Fault> {
        self.take(|fault| matches!(fault.effect, Effect::ResetUnread))
    }

    fn take(&self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut queue = self.0.locked();
        let position = queue
            .iter()
            .position(|fault| fault.left != Some(0) && fits(fault))?;
        let fault = queue.get_mut(position)?;
        let taken = fault.clone();
        fault.left = fault.left.map(|left| left - 1);
        queue.retain(|fault| fault.left != Some(0));
        Some(taken)
    }
}
