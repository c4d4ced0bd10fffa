//! What a caller gets: one pure function of what is known and the time.

use std::time::Duration;

use token_core::{ClockReading, Freshness, Validity};

/// All that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs {
    pub(crate) validity: Validity,
    /// When the token was obtained: its life is also measured in elapsed time from here.
    pub(crate) anchor: ClockReading,
    pub(crate) status: Status,
    pub(crate) refresh: RefreshState,
    /// Whether an exchange ends this token at once, so that it is not handed out during one.
    pub(crate) exchange_ends_it: bool,
    /// Whether a caller asked for a token newer than this one, however fresh it is.
    pub(crate) superseded: bool,
}

/// What is known about the token besides its validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing speaks against it.
    Valid,
    /// An API rejected it. It is not handed out until an exchange has answered.
    Rejected,
    /// The vendor said that it revoked it.
    Revoked,
}

/// What the next refresh is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshState {
    /// One can start now.
    Idle,
    /// One is in flight.
    InFlight,
    /// One is in flight, and waits until a refresh token that may have been spent can be sent
    /// again.
    InDoubt,
    /// The last one failed: none starts before this elapsed time.
    BackingOff { until: Duration },
}

/// What a caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The current token, at once.
    Use,
    /// The current token, at once, while one refresh runs.
    UseAndRefresh,
    /// The result of the refresh; the current token if that fails before the expiry.
    Wait,
    /// The last failure, at once.
    Fail,
}

/// Decides. An expired token is never handed out, whatever else is true.
pub(crate) fn decide(inputs: &Inputs, now: &ClockReading) -> Decision {
    let backs_off =
        matches!(inputs.refresh, RefreshState::BackingOff { until } if now.elapsed < until);
    let nothing_soon = backs_off || inputs.refresh == RefreshState::InDoubt;
    match usability(inputs, now) {
        Usability::Unusable if backs_off => Decision::Fail,
        Usability::Unusable => Decision::Wait,
        Usability::LastResort | Usability::RefreshDue if nothing_soon => Decision::Use,
        Usability::LastResort => Decision::Wait,
        Usability::RefreshDue if inputs.exchange_ends_it => Decision::Wait,
        Usability::RefreshDue if inputs.refresh == RefreshState::InFlight => Decision::Use,
        Usability::RefreshDue => Decision::UseAndRefresh,
        Usability::Fresh if inputs.is_about_to_end() => Decision::Wait,
        Usability::Fresh => Decision::Use,
    }
}

impl Inputs {
    /// Whether an exchange is under way that ends the token, fresh as it is.
    fn is_about_to_end(&self) -> bool {
        self.exchange_ends_it && self.superseded && self.refresh == RefreshState::InFlight
    }
}

/// Returns whether the current token may be handed out at all.
pub(crate) fn is_usable(inputs: &Inputs, now: &ClockReading) -> bool {
    !matches!(usability(inputs, now), Usability::Unusable)
}

enum Usability {
    Unusable,
    LastResort,
    RefreshDue,
    Fresh,
}

fn usability(inputs: &Inputs, now: &ClockReading) -> Usability {
    let freshness = inputs.validity.at(now.effective_now(&inputs.anchor));
    match (freshness, inputs.status) {
        (Freshness::Expired, _) | (_, Status::Rejected | Status::Revoked) => Usability::Unusable,
        (Freshness::Expiring, Status::Valid) => Usability::LastResort,
        (Freshness::RefreshDue, Status::Valid) => Usability::RefreshDue,
        (Freshness::Fresh, Status::Valid) => Usability::Fresh,
    }
}

#[cfg(test)]
mod tests;
