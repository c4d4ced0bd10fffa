//! What can go wrong with an exchange.

use token_core::SendFailure;

use super::gate::Gate;

/// What happens to an exchange.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// No byte leaves.
    Unsent(SendFailure),
    /// The connection breaks before the server acted, or after.
    Lost(When),
    /// The server does not act and answers so.
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// The server acts; its answer is cut in half.
    Cut,
    /// The access and refresh tokens of before come again, with a whole new lifetime.
    Same,
    /// A new access token comes without a refresh token; the old one stays good.
    NoRefresh,
    /// It is held before the server acted, or after.
    Held(When, Gate),
}

impl Fault {
    /// The server does not act and answers with this body.
    pub(crate) fn ok(body: &str) -> Self {
        Self::Answer(200, &[], body.to_owned())
    }

    /// The server does not act and answers with this status alone.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, &[], "{}".to_owned())
    }
}

/// When something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    BeforeProcessing,
    AfterProcessing,
}
