//! The number of a token under its key.

use std::fmt;

/// The number of a token under its key. Each refresh adds 1, and so does a new login.
/// Refusals, failures and commits refer to a generation, never to "the" token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// Creates the generation with this number; the first token of a key has 1.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the next generation.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
