//! The token in hand, and the guard that callers get.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use arc_swap::Guard;
use token_core::{Freshness, Moment, Token, Validity};

use crate::decide::Standing;

/// A token as the engine holds it. Before the first one, it is a placeholder that expired at the beginning of time.
#[derive(Debug)]
pub(crate) struct Held {
    token: Token,
    anchor: Moment,
    standing: AtomicU8,
    refusals_before: u32,
}

const GOOD: u8 = 0;
const REFUSED: u8 = 1;
const KILLED: u8 = 2;

impl Held {
    /// A token that was got at `anchor`.
    pub(crate) fn new(token: Token, anchor: Moment) -> Self {
        Self {
            token,
            anchor,
            standing: AtomicU8::new(GOOD),
            refusals_before: 0,
        }
    }

    /// A token that follows `before`: the same token keeps what is known against it, a new one remembers how many before it were
    /// refused by an API one after the other.
    pub(crate) fn following(before: &Held, token: Token, anchor: Moment) -> Self {
        let standing = before.standing.load(Ordering::Acquire);
        let same = token.same_secrets_as(&before.token);
        let refused = standing == REFUSED && !same;
        Self {
            token,
            anchor,
            standing: AtomicU8::new(if same && standing == REFUSED {
                REFUSED
            } else {
                GOOD
            }),
            refusals_before: if refused {
                before.refusals_before.saturating_add(1)
            } else {
                0
            },
        }
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    pub(crate) fn validity(&self) -> &Validity {
        self.token.validity()
    }

    pub(crate) fn anchor(&self) -> &Moment {
        &self.anchor
    }

    /// The whole way of a fresh token to its caller.
    pub(crate) fn is_fresh(&self, now: &Moment) -> bool {
        self.standing.load(Ordering::Relaxed) == GOOD
            && self.token.validity().at(now.seen_from(&self.anchor)) == Freshness::Fresh
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Acquire) {
            GOOD => Standing::Good,
            REFUSED => Standing::Refused,
            _ => Standing::Killed,
        }
    }

    /// How many tokens before it were refused by an API, one after the other.
    pub(crate) fn refusals_before(&self) -> u32 {
        self.refusals_before
    }

    /// An API refused it.
    pub(crate) fn refuse(&self) {
        self.standing.fetch_max(REFUSED, Ordering::AcqRel);
    }

    /// The vendor killed it.
    pub(crate) fn kill(&self) {
        self.standing.fetch_max(KILLED, Ordering::AcqRel);
    }
}

/// A token to use now. It reads like a [`Token`].
///
/// Getting one allocates nothing and shares no reference count between threads. It is meant to be held for as long as one API call
/// takes; for longer, clone the token out of it: `(*guard).clone()`.
pub struct TokenGuard(Guard<Arc<Held>>);

impl TokenGuard {
    pub(crate) fn new(held: Guard<Arc<Held>>) -> Self {
        Self(held)
    }
}

impl Deref for TokenGuard {
    type Target = Token;

    fn deref(&self) -> &Token {
        self.0.token()
    }
}

impl fmt::Debug for TokenGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenGuard({:?})", &**self)
    }
}
