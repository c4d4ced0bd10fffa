//! A token that the program was configured with: the beginning of a grant, if the store does not
//! know better.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use token_core::store::{Entry, RefreshFingerprint};
use token_core::{Generation, Token, TokenKey};

use crate::fingerprint::fingerprint;

/// The initial token of a cache, and which one the stored grant began with.
#[derive(Debug)]
pub(crate) struct Initial {
    token: Option<(Token, RefreshFingerprint)>,
    placeholder: Token,
    /// The same one is never tried twice.
    tried: AtomicBool,
    /// The initial token of the family that is stored.
    of_the_family: Mutex<Option<RefreshFingerprint>>,
    /// And that of the family before it was tried.
    before: Mutex<Option<RefreshFingerprint>>,
}

impl Initial {
    pub(crate) fn new(key: &TokenKey, token: Option<Token>, placeholder: Token) -> Self {
        Self {
            token: token.map(|token| {
                let fingerprint = fingerprint(key, &token);
                (token, fingerprint)
            }),
            placeholder,
            tried: AtomicBool::new(false),
            of_the_family: Mutex::new(None),
            before: Mutex::new(None),
        }
    }

    pub(crate) fn placeholder(&self) -> Token {
        self.placeholder.clone()
    }

    pub(crate) fn is_there(&self) -> bool {
        self.token.is_some()
    }

    /// What the store says about the family that is there.
    pub(crate) fn seen(&self, entry: &Entry) {
        let stored = match &entry.record {
            Some(record) => record.initial,
            None => entry.tombstoned_initial,
        };
        if stored.is_some() {
            *self.family() = stored;
        }
    }

    /// The fingerprint that the next record keeps.
    pub(crate) fn of_the_family(&self) -> Option<RefreshFingerprint> {
        *self.family()
    }

    /// The initial token, the first time that it is asked for, if the stored family did not begin
    /// with it.
    pub(crate) fn take_unseen(&self) -> Option<Token> {
        let (token, fingerprint) = self.token.as_ref()?;
        let is_new = self.of_the_family() != Some(*fingerprint);
        let is_taken = is_new && !self.tried.swap(true, Ordering::AcqRel);
        is_taken.then(|| {
            let before = self.family().replace(*fingerprint);
            *self.before.lock().unwrap_or_else(PoisonError::into_inner) = before;
            token.clone()
        })
    }

    /// It was tried and neither taken nor refused: it may be tried again.
    pub(crate) fn give_back(&self) {
        if self.tried.swap(false, Ordering::AcqRel) {
            let before = self
                .before
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            *self.family() = before;
        }
    }

    /// The initial token, if it has not been tried.
    pub(crate) fn unseen(&self) -> Option<Token> {
        let (token, _) = self.token.as_ref()?;
        (!self.tried.load(Ordering::Acquire)).then(|| token.clone())
    }

    /// The initial token as a record would hold it, with its fingerprint, for a logout that comes
    /// before the first flight.
    pub(crate) fn for_logout(&self) -> Option<(Token, RefreshFingerprint)> {
        let (_, fingerprint) = self.token.as_ref()?;
        let unseen = self
            .unseen()
            .filter(|_| self.of_the_family() != Some(*fingerprint))?;
        Some((unseen.with_generation(Generation::default()), *fingerprint))
    }

    fn family(&self) -> std::sync::MutexGuard<'_, Option<RefreshFingerprint>> {
        self.of_the_family
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
