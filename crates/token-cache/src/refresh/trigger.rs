//! What a refresh is for.

/// What a refresh is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A caller asked for a token.
    Caller,
    /// Nobody asked: it must not log in again after a logout.
    Background,
}
