//! Tokens that are tried when the vendor refuses the current one: those that lost a race, and the
//! one that the program was configured with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use token_core::store::{Entry, Record, RefreshFingerprint};
use token_core::{Error, Generation, Secret, Token, TokenKey};

use super::record::fingerprint;

/// Tokens that lost a race, in case the winner is refused.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<Token>>);

impl Spares {
    pub(crate) fn keep(&self, token: Token) {
        lock(&self.0).push(token);
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Takes all of them: each is tried once.
    pub(crate) fn take(&self) -> Vec<Token> {
        std::mem::take(&mut *lock(&self.0))
    }
}

/// What the program was configured with.
#[derive(Debug)]
pub(crate) enum Initial {
    /// A refresh token, which is valid.
    Refresh(Secret),
    Whole(Box<Token>),
}

impl Initial {
    /// # Errors
    ///
    /// That of [`Token::from_refresh_token`].
    pub(crate) fn of_refresh_token(refresh: Secret) -> Result<Self, Error> {
        Token::from_refresh_token(refresh.clone()).map(|_| Self::Refresh(refresh))
    }

    fn token(&self) -> Option<Token> {
        match self {
            Self::Refresh(refresh) => Token::from_refresh_token(refresh.clone()).ok(),
            Self::Whole(token) => Some(Token::clone(token)),
        }
    }
}

impl From<Token> for Initial {
    fn from(token: Token) -> Self {
        Self::Whole(Box::new(token))
    }
}

/// The token that the program was configured with: the beginning of a grant, if the store does not
/// know better.
#[derive(Debug)]
pub(crate) struct InitialToken {
    initial: Option<Initial>,
    /// It is never tried twice.
    tried: AtomicBool,
    /// `None` until there is something to know.
    known: Mutex<Option<Box<Known>>>,
}

/// What is known about initial tokens, by their fingerprints.
#[derive(Debug, Default)]
struct Known {
    /// That which the stored grant began with.
    of_the_grant: Option<RefreshFingerprint>,
    /// The same before this one was tried.
    before: Option<RefreshFingerprint>,
}

impl InitialToken {
    pub(crate) fn new(initial: Option<Initial>) -> Self {
        Self {
            initial,
            tried: AtomicBool::new(false),
            known: Mutex::new(None),
        }
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.initial.is_some()
    }

    /// Learns which initial token the stored grant began with.
    pub(crate) fn learn_from(&self, stored: &Entry) {
        let initial = match &stored.record {
            Some(record) => record.initial,
            None => stored.tombstoned_initial,
        };
        if initial.is_some() {
            lock(&self.known).get_or_insert_default().of_the_grant = initial;
        }
    }

    /// Returns the fingerprint that the next record keeps.
    pub(crate) fn of_the_grant(&self) -> Option<RefreshFingerprint> {
        lock(&self.known).as_ref()?.of_the_grant
    }

    /// Takes the token, the first time, if the stored grant did not begin with it.
    pub(crate) fn take_unseen(&self, key: &TokenKey) -> Option<Token> {
        let token = self.initial.as_ref()?.token()?;
        let fingerprint = fingerprint(key, &token);
        let is_new = self.of_the_grant() != Some(fingerprint);
        let is_taken = is_new && !self.tried.swap(true, Ordering::AcqRel);
        is_taken.then(|| {
            let mut known = lock(&self.known);
            let known = known.get_or_insert_default();
            known.before = known.of_the_grant.replace(fingerprint);
            token
        })
    }

    /// Whether there is a token to take.
    pub(crate) fn has_unseen(&self, key: &TokenKey) -> bool {
        self.is_other_than(self.of_the_grant(), key)
    }

    /// Whether there is one to take once this record is learned from.
    pub(crate) fn is_unseen_by(&self, record: &Record, key: &TokenKey) -> bool {
        self.is_other_than(record.initial.or_else(|| self.of_the_grant()), key)
    }

    fn is_other_than(&self, seen: Option<RefreshFingerprint>, key: &TokenKey) -> bool {
        let untried = self.untried();
        untried.is_some_and(|token| seen != Some(fingerprint(key, &token)))
    }

    /// Undoes that: the vendor neither accepted nor refused it, so it may be tried again.
    pub(crate) fn give_back(&self) {
        let was_tried = self.tried.swap(false, Ordering::AcqRel);
        let mut known = lock(&self.known);
        if let Some(known) = known.as_mut().filter(|_| was_tried) {
            known.of_the_grant = known.before.take();
        }
    }

    /// Returns the token if it has not been tried.
    pub(crate) fn untried(&self) -> Option<Token> {
        let initial = self.initial.as_ref()?;
        let is_tried = self.tried.load(Ordering::Acquire);
        initial.token().filter(|_| !is_tried)
    }

    /// Returns the token as a record would hold it, with its fingerprint, for a logout that comes
    /// before the first refresh.
    pub(crate) fn for_logout(&self, key: &TokenKey) -> Option<(Token, RefreshFingerprint)> {
        let untried = self.untried()?;
        let fingerprint = fingerprint(key, &untried);
        (self.of_the_grant() != Some(fingerprint)).then(|| {
            let token = untried.with_generation(Generation::default());
            (token, fingerprint)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
