//! What can go wrong with an exchange.

use token_core::SendFailure;

use super::gate::Gate;

/// What happens to an exchange.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// No byte leaves.
    Unsent(SendFailure),
    /// The connection breaks before the server acted, or after.
    Lost(Stage),
    /// The server does not act and answers so.
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// The server acts; its answer is cut in half.
    Cut,
    /// The access and refresh tokens of before come again, with a whole new lifetime.
    Same,
    /// A new access token comes without a refresh token; the old one stays good.
    NoRefresh,
    /// It is held before the server acted, or after.
    Held(Stage, Gate),
}

/// When something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    BeforeActing,
    AfterActing,
}
