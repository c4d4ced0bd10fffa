//! Tokens that lost a race, for the case that the winner is refused.

use std::sync::{Mutex, MutexGuard, PoisonError};

use token_core::Token;

#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<Token>>);

impl Spares {
    pub(crate) fn keep(&self, token: Token) {
        self.lock().push(token);
    }

    /// All of them: each is tried once.
    pub(crate) fn take(&self) -> Vec<Token> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
