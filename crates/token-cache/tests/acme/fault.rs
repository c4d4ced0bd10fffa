//! What can go wrong with an exchange.

use token_core::SendFailure;

use super::gate::Gate;

/// What happens to an exchange.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// No byte leaves.
    Unsent(SendFailure),
    /// The connection breaks before the server processed it, or after.
    Lost(When),
    /// The server does not process it and answers this.
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// The server processes it; its answer is cut in half.
    Cut,
    /// The same access and refresh tokens come again, with a new lifetime.
    Same,
    /// A new access token comes without a refresh token; the old one stays good.
    NoRefresh,
    /// It is held before the server processed it, or after.
    Held(When, Gate),
}

impl Fault {
    /// The server does not process it and answers with this body.
    pub(crate) fn ok(body: &str) -> Self {
        Self::answer(200, body)
    }

    /// The server does not process it and answers with this status.
    pub(crate) fn status(status: u16) -> Self {
        Self::answer(status, "{}")
    }

    /// The server does not process it and answers this.
    pub(crate) fn answer(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, &[], body.into())
    }
}

/// Before or after the server processed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    BeforeProcessing,
    AfterProcessing,
}
