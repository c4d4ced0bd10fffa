//! What a caller gets: one pure function of the state and the moment.

use std::time::Duration;

use token_core::{Freshness, Moment, Validity};

/// All that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State<'a> {
    pub(crate) validity: &'a Validity,
    /// When the token was got: its life is also measured in elapsed time from here.
    pub(crate) anchor: &'a Moment,
    pub(crate) standing: Standing,
    pub(crate) outlook: Outlook,
}

/// What is known about the token beside its validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing against it.
    Good,
    /// An API refused it with 401.
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
pub(crate) fn decide(state: &State<'_>, now: &Moment) -> Decision {
    let held_off = matches!(state.outlook, Outlook::HeldOff { until } if now.elapsed < until);
    match worth(state, now) {
        Worth::Nothing if held_off => Decision::Fail,
        Worth::Nothing => Decision::Wait,
        Worth::LastResort if held_off => Decision::Use,
        Worth::LastResort => Decision::Wait,
        Worth::Due if held_off || state.outlook == Outlook::InFlight => Decision::Use,
        Worth::Due => Decision::UseAndRefresh,
        Worth::Full => Decision::Use,
    }
}

/// Whether the current token may be handed out at all.
pub(crate) fn usable(state: &State<'_>, now: &Moment) -> bool {
    !matches!(worth(state, now), Worth::Nothing)
}

enum Worth {
    Nothing,
    LastResort,
    Due,
    Full,
}

fn worth(state: &State<'_>, now: &Moment) -> Worth {
    let freshness = state.validity.at(now.seen_from(state.anchor));
    match (freshness, state.standing) {
        (Freshness::Expired, _) | (_, Standing::Killed) => Worth::Nothing,
        (Freshness::Closing, _) | (_, Standing::Refused) => Worth::LastResort,
        (Freshness::Due, Standing::Good) => Worth::Due,
        (Freshness::Fresh, Standing::Good) => Worth::Full,
    }
}

#[cfg(test)]
mod tests;
