//! What a sweep lists, and when.

use std::time::Duration;

use token_core::store::{Due, DueCursor};
use token_core::{ClockReading, Timestamp};

/// Grants that another process finds to be refused are listed this long after that at the latest,
/// unless their deployment is passed over.
const BETWEEN_REFUSED: Duration = Duration::from_secs(15 * 60);

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// Tokens that are due for a refresh.
    Due,
    /// Tokens whose grants the vendor refused: nothing is requested for them.
    Refused,
}

impl Listing {
    pub(super) fn beginning(self) -> Option<DueCursor> {
        (self == Self::Refused).then(DueCursor::before_refused)
    }

    /// Returns the due time before which the tokens are.
    pub(super) fn end(self, now: &ClockReading) -> Timestamp {
        match self {
            Self::Due => now.wall.min(Due::OF_REFUSED),
            Self::Refused => Due::OF_REFUSED.after(Duration::from_millis(1)),
        }
    }
}

/// When refused grants are listed: at once, and then seldom.
#[derive(Debug, Default)]
pub(super) struct Refused {
    next: Duration,
}

impl Refused {
    /// Whether they are listed at this elapsed time.
    pub(super) fn is_next(&self, now: Duration) -> bool {
        now >= self.next
    }

    /// Notes that they were listed.
    pub(super) fn were_listed(&mut self, now: Duration) {
        self.next = now.saturating_add(BETWEEN_REFUSED);
    }
}
