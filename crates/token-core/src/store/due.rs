//! The pages in which a store lists the keys whose tokens are due for a refresh.

use std::sync::Arc;
use std::time::Duration;

use super::entry::Record;
use crate::token::key::TokenKey;
use crate::token::time::Timestamp;

/// A key whose token is due for a refresh.
///
/// ```
/// use token_core::store::Due;
/// use token_core::{Timestamp, TokenKey};
///
/// let key = TokenKey::of("acme", "api.acme.example", "user 17");
/// let due = Due::new(key, Timestamp::from_unix_seconds(1_800_000_000));
/// assert!(due.grant_ends_at.is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Due {
    /// The key.
    pub key: TokenKey,
    /// When the token is due for a refresh: [`Record::due_at`].
    pub due_at: Timestamp,
    /// When the grant expires for good: [`Record::grant_ends_at`].
    pub grant_ends_at: Option<Timestamp>,
}

impl Due {
    /// The [due time](Record::due_at) of a record whose grant the vendor refused, the last
    /// millisecond of the year 9999: nobody refreshes it, and a sweep that begins at
    /// [`DueCursor::before_refused`] finds it, to tell who must log in again.
    ///
    /// ```
    /// use token_core::store::{Due, DueCursor};
    /// use token_core::TokenKey;
    ///
    /// let key = TokenKey::of("acme", "api.acme.example", "user 17");
    /// let refused = Due::new(key, Due::OF_REFUSED);
    /// assert!(refused.is_refused() && refused.cursor() > DueCursor::before_refused());
    /// ```
    pub const OF_REFUSED: Timestamp = Timestamp::from_unix_millis(253_402_300_799_999);

    /// Creates one whose grant does not expire.
    pub fn new(key: TokenKey, due_at: Timestamp) -> Self {
        Self {
            key,
            due_at,
            grant_ends_at: None,
        }
    }

    /// Sets when the grant expires.
    #[must_use]
    pub fn grant_ends_at(mut self, instant: Option<Timestamp>) -> Self {
        self.grant_ends_at = instant;
        self
    }

    /// Returns the key of a record with its times; `None` if the record is never due.
    pub fn of(key: &TokenKey, record: &Record) -> Option<Self> {
        let due = Self::new(key.clone(), record.due_at?);
        Some(due.grant_ends_at(record.grant_ends_at))
    }

    /// Returns whether the vendor refused the grant.
    pub fn is_refused(&self) -> bool {
        self.due_at == Self::OF_REFUSED
    }

    /// Returns the position of this key in the order of pages.
    pub fn cursor(&self) -> DueCursor {
        DueCursor::new(self.due_at, self.key.as_str())
    }
}

/// A position in the order of pages: by due time, then by the bytes of the key. It remains valid
/// when the record at that position is refreshed or removed.
///
/// ```
/// use token_core::Timestamp;
/// use token_core::store::DueCursor;
///
/// let noon = Timestamp::from_unix_seconds(1_800_000_000);
/// assert!(DueCursor::new(noon, "acme/a") < DueCursor::new(noon, "acme/b"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueCursor {
    due_at: Timestamp,
    key: Arc<str>,
}

impl DueCursor {
    /// Creates the position of this key, whether or not the store has it.
    pub fn new(due_at: Timestamp, key: &str) -> Self {
        let key = key.into();
        Self { due_at, key }
    }

    /// Creates the position after all keys that are ever due, and before those whose grants the
    /// vendor refused.
    pub fn before_refused() -> Self {
        let before = Due::OF_REFUSED.before(Duration::from_millis(1));
        Self::new(before, "~")
    }

    /// Returns the due time.
    pub fn due_at(&self) -> Timestamp {
        self.due_at
    }

    /// Returns the name of the key.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// One page of keys whose tokens are due, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuePage {
    /// The keys. There may be fewer than asked for, or none, although more follow.
    pub due: Vec<Due>,
    /// Where the next page begins; `None` if nothing follows.
    pub next: Option<DueCursor>,
}

impl DuePage {
    /// Creates a page.
    pub fn new(due: Vec<Due>, next: Option<DueCursor>) -> Self {
        Self { due, next }
    }

    /// Creates the page of a store that looked for up to `limit` keys: if it found as many, more
    /// may follow.
    ///
    /// ```
    /// use token_core::store::{Due, DuePage};
    /// use token_core::{Timestamp, TokenKey};
    ///
    /// let key = TokenKey::of("acme", "api.acme.example", "user 17");
    /// let found = vec![Due::new(key, Timestamp::from_unix_seconds(1_800_000_000))];
    /// assert!(DuePage::of_at_most(1, found.clone()).next.is_some());
    /// assert!(DuePage::of_at_most(2, found).next.is_none());
    /// ```
    pub fn of_at_most(limit: usize, due: Vec<Due>) -> Self {
        let last = due.last().filter(|_| due.len() >= limit);
        let next = last.map(Due::cursor);
        Self { due, next }
    }
}
