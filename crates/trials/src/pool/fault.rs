//! What can be wrong on purpose.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(super) enum Fault {
    /// The store gives the lease to everyone, and keeps no intent.
    NoLease,
    /// The store acknowledges each intent, and does not keep it.
    NoIntent,
    /// The store does not list a quarter of the keys that are due.
    DueSkips,
    /// The store acknowledges the tokens of one account in twenty, and does not store them.
    StoresNothing,
    /// The store acknowledges each token three seconds before it stores it, so an account leaves
    /// memory before the store has its token.
    StoresLate,
    /// The HTTP client sends each request of one account in twenty twice.
    SendsTwice,
    /// The pool keeps twice as much in memory.
    TwiceInMemory,
}

impl Fault {
    /// Returns whether it affects an account: one in so many.
    pub(super) fn affects(self, account: usize) -> bool {
        let many = match self {
            Self::DueSkips => 4,
            Self::StoresNothing | Self::SendsTwice => 20,
            Self::NoLease | Self::NoIntent | Self::StoresLate | Self::TwiceInMemory => return true,
        };
        // Independent of which accounts callers ask for.
        (account.wrapping_mul(0x9e37_79b9) >> 16).is_multiple_of(many)
    }
}
