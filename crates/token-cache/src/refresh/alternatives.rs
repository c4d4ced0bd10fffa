//! Tokens that are tried when the vendor refuses the current one: those that lost a race, and the
//! one that the program was configured with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use token_core::store::{Entry, RefreshFingerprint};
use token_core::{Generation, Token, TokenKey};

use super::record::fingerprint;

/// Tokens that lost a race, in case the winner is refused.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<Token>>);

impl Spares {
    pub(crate) fn keep(&self, token: Token) {
        lock(&self.0).push(token);
    }

    #[cfg(feature = "pool")]
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Takes all of them: each is tried once.
    pub(crate) fn take(&self) -> Vec<Token> {
        std::mem::take(&mut *lock(&self.0))
    }
}

/// The token that the program was configured with: the beginning of a grant, if the store does not
/// know better.
#[derive(Debug)]
pub(crate) struct InitialToken {
    token: Option<Box<(Token, RefreshFingerprint)>>,
    /// It is never tried twice.
    tried: AtomicBool,
    /// The initial token that the stored grant began with.
    of_the_grant: Mutex<Option<RefreshFingerprint>>,
    /// The same before this one was tried.
    before: Mutex<Option<RefreshFingerprint>>,
}

impl InitialToken {
    pub(crate) fn new(key: &TokenKey, token: Option<Token>) -> Self {
        Self {
            token: token.map(|token| {
                let fingerprint = fingerprint(key, &token);
                Box::new((token, fingerprint))
            }),
            tried: AtomicBool::new(false),
            of_the_grant: Mutex::new(None),
            before: Mutex::new(None),
        }
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.token.is_some()
    }

    /// Learns which initial token the stored grant began with.
    pub(crate) fn learn_from(&self, stored: &Entry) {
        let initial = match &stored.record {
            Some(record) => record.initial,
            None => stored.tombstoned_initial,
        };
        if initial.is_some() {
            *lock(&self.of_the_grant) = initial;
        }
    }

    /// Returns the fingerprint that the next record keeps.
    pub(crate) fn of_the_grant(&self) -> Option<RefreshFingerprint> {
        *lock(&self.of_the_grant)
    }

    /// Takes the token, the first time, if the stored grant did not begin with it.
    pub(crate) fn take_unseen(&self) -> Option<Token> {
        let (token, fingerprint) = self.token.as_deref()?;
        let is_new = self.of_the_grant() != Some(*fingerprint);
        let is_taken = is_new && !self.tried.swap(true, Ordering::AcqRel);
        is_taken.then(|| {
            let before = lock(&self.of_the_grant).replace(*fingerprint);
            *lock(&self.before) = before;
            token.clone()
        })
    }

    /// Undoes that: the vendor neither accepted nor refused it, so it may be tried again.
    pub(crate) fn give_back(&self) {
        if self.tried.swap(false, Ordering::AcqRel) {
            let before = lock(&self.before).take();
            *lock(&self.of_the_grant) = before;
        }
    }

    /// Returns the token if it has not been tried.
    pub(crate) fn untried(&self) -> Option<&Token> {
        let (token, _) = self.token.as_deref()?;
        (!self.tried.load(Ordering::Acquire)).then_some(token)
    }

    /// Returns the token as a record would hold it, with its fingerprint, for a logout that comes
    /// before the first refresh.
    pub(crate) fn for_logout(&self) -> Option<(Token, RefreshFingerprint)> {
        let (_, fingerprint) = self.token.as_deref()?;
        let untried = self.untried()?;
        (self.of_the_grant() != Some(*fingerprint)).then(|| {
            let token = untried.clone().with_generation(Generation::default());
            (token, *fingerprint)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
