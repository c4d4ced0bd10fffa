//! The guard that callers get.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::Guard;
use token_core::Token;

use super::cached_token::CachedToken;

/// A token to use now. It reads like a [`Token`].
///
/// Getting one allocates nothing and shares no reference count between threads. It is meant to be
/// held for as long as one API call takes; for longer, clone the token out of it:
/// `(*guard).clone()`.
pub struct TokenGuard(Guard<Arc<CachedToken>>);

impl TokenGuard {
    /// Returns a guard that may be held across a long wait, for the price of one shared reference
    /// count.
    pub(crate) fn detached(self) -> Self {
        Self(Guard::from_inner(Guard::into_inner(self.0)))
    }

    pub(crate) fn detached_clone(&self) -> Self {
        Self(Guard::from_inner(Arc::clone(&self.0)))
    }

    #[cfg(feature = "pool")]
    pub(crate) fn of(cached: Arc<CachedToken>) -> Self {
        Self(Guard::from_inner(cached))
    }

    pub(crate) fn new(cached: Guard<Arc<CachedToken>>) -> Self {
        Self(cached)
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
