//! What a caller gets: one pure function of the state and the moment.

use std::time::Duration;

use token_core::{ClockReading, Freshness, Validity};

/// All that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State<'a> {
    pub(crate) validity: &'a Validity,
    /// When the token was got: its life is also measured in elapsed time from here.
    pub(crate) anchor: &'a ClockReading,
    pub(crate) standing: Standing,
    pub(crate) outlook: Outlook,
    /// Whether an exchange ends this token at once, so that it is not handed out while one runs.
    pub(crate) exchange_ends_it: bool,
    /// Whether another token was asked for by name of this one, however fresh it is.
    pub(crate) superseded: bool,
}

/// What is known about the token beside its validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing against it.
    Good,
    /// An API refused it. It is not handed out until an exchange has answered.
    Refused,
    /// The vendor said that it killed it.
    Killed,
}

/// What can be expected of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Nothing speaks against one.
    Clear,
    /// One is under way.
    InFlight,
    /// One is under way, and waits until a refresh token that may have been spent can be sent
    /// again.
    InDoubt,
    /// The last one failed: none before this elapsed time.
    HeldOff { until: Duration },
}

/// What a caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The current token, at once.
    Use,
    /// The current token, at once, while one flight runs.
    UseAndRefresh,
    /// What the flight brings; the current token if it fails before the expiry.
    Wait,
    /// The last failure, at once.
    Fail,
}

/// Decides. "Expired" is tested first: an expired token is never handed out, whatever else is true.
pub(crate) fn decide(state: &State<'_>, now: &ClockReading) -> Decision {
    let is_held_off = matches!(state.outlook, Outlook::HeldOff { until } if now.elapsed < until);
    let nothing_soon = is_held_off || state.outlook == Outlook::InDoubt;
    match worth(state, now) {
        Worth::Nothing if is_held_off => Decision::Fail,
        Worth::Nothing => Decision::Wait,
        Worth::LastResort | Worth::Due if nothing_soon => Decision::Use,
        Worth::LastResort => Decision::Wait,
        Worth::Due if state.exchange_ends_it => Decision::Wait,
        Worth::Due if state.outlook == Outlook::InFlight => Decision::Use,
        Worth::Due => Decision::UseAndRefresh,
        Worth::Full if state.is_about_to_end() => Decision::Wait,
        Worth::Full => Decision::Use,
    }
}

impl State<'_> {
    /// An exchange is under way that ends the token, fresh as it is.
    fn is_about_to_end(&self) -> bool {
        self.exchange_ends_it && self.superseded && self.outlook == Outlook::InFlight
    }
}

/// Whether the current token may be handed out at all.
pub(crate) fn usable(state: &State<'_>, now: &ClockReading) -> bool {
    !matches!(worth(state, now), Worth::Nothing)
}

enum Worth {
    Nothing,
    LastResort,
    Due,
    Full,
}

fn worth(state: &State<'_>, now: &ClockReading) -> Worth {
    match (
        state.validity.at(now.effective_now(state.anchor)),
        state.standing,
    ) {
        (Freshness::Expired, _) | (_, Standing::Killed | Standing::Refused) => Worth::Nothing,
        (Freshness::Expiring, Standing::Good) => Worth::LastResort,
        (Freshness::RefreshDue, Standing::Good) => Worth::Due,
        (Freshness::Fresh, Standing::Good) => Worth::Full,
    }
}

#[cfg(test)]
mod tests;
