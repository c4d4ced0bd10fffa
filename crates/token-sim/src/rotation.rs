//! What a refresh does to the tokens that were there before.

use std::time::Duration;

/// What a refresh does to the refresh token that it spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// It lives on, and the answer has no refresh token.
    Never,
    /// It lives on, and the answer repeats it.
    Repeat,
    /// Each refresh gives a new one; the old one is taken again for this long and then gives another new one.
    Grace(Duration),
    /// Each refresh gives a new one; the old one is refused from then on.
    SingleUse,
    /// As `SingleUse`, and who presents an old one loses the whole family of tokens (RFC 9700 section 4.14.2).
    Strict,
}

impl Rotation {
    pub(crate) fn renews(self) -> bool {
        !matches!(self, Self::Never | Self::Repeat)
    }
}

/// What a refresh does to the access token that was issued before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldToken {
    /// It works until it expires.
    Lives,
    /// It is refused from then on.
    Dies,
}
