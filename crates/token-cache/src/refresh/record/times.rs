//! The instants of a record, as the clocks of writer and reader tell them.

use std::time::Duration;

use token_core::{Timestamp, Validity};

/// The instants that the writer noted, by its clock.
pub(super) struct Times {
    pub(super) written_at: Timestamp,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) refreshable_from: Timestamp,
    pub(super) requested_refresh_at: Option<Timestamp>,
    pub(super) idle: Option<Duration>,
    pub(super) ends_by: Option<Timestamp>,
}

impl Times {
    /// Returns the validity at the local time `now` of a token that was committed `age` ago.
    pub(super) fn validity(&self, age: Duration, now: Timestamp) -> Validity {
        let left = self.expires_at.since(self.written_at).saturating_sub(age);
        let gone = self.written_at.since(self.issued_at).saturating_add(age);
        let began = now.before(gone);
        let ahead = self.issued_at.since(began);
        let told = Validity::new(self.issued_at, self.expires_at);
        let ends_at = match told.ends() {
            Some(end) => end.before(ahead).min(now.after(left)),
            None => Timestamp::MAX,
        };
        let validity = Validity::new(self.issued_at.min(began), ends_at)
            .not_refreshed_before(self.refreshable_from.before(ahead));
        let validity = self.sliding(validity, ahead);
        match self.requested_refresh_at {
            Some(requested) => validity.with_refresh_at(requested.before(ahead)),
            None => validity,
        }
    }

    fn sliding(&self, validity: Validity, ahead: Duration) -> Validity {
        let Some(idle) = self.idle else {
            return validity;
        };
        let validity = validity.with_idle(idle);
        match self.ends_by {
            Some(end) => validity.ending_by(end.before(ahead)),
            None => validity,
        }
    }
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
