//! The last tokens and the last failures of a profile. It contains no secret.

use std::collections::VecDeque;

use vendor_auth::cache::Health;
use vendor_auth::types::Timestamp;

/// How many tokens are shown.
const TOKENS: usize = 4;
/// How many failures are shown.
const FAILURES: usize = 8;

/// What happened to a profile's token since the program began.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// The oldest first; the last one is the current token.
    pub(super) tokens: VecDeque<Period>,
    /// The newest first.
    pub(super) failures: VecDeque<Failed>,
    /// Whether the last exchange failed.
    pub(super) is_failing: bool,
    /// Why the store cannot be read.
    pub(super) unread: Option<String>,
}

/// The life of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) generation: u64,
    pub(super) issued_at: Timestamp,
    pub(super) refresh_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    /// When another one took its place.
    pub(super) replaced_at: Option<Timestamp>,
}

/// A failure, and how often it was repeated since.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) last_at: Timestamp,
    pub(super) times: u32,
    pub(super) message: String,
}

impl History {
    /// Notes the current token, if it is another one.
    pub(super) fn note_token(&mut self, health: &Health, now: Timestamp) {
        let Some((generation, issued_at)) = health.generation.zip(health.issued_at) else {
            return;
        };
        let period = Period {
            generation: generation.number(),
            issued_at,
            refresh_at: health.refresh_at,
            expires_at: health.expires_at,
            replaced_at: None,
        };
        match self.tokens.back_mut() {
            Some(last) if last.generation == period.generation => *last = period,
            Some(last) => {
                last.replaced_at = Some(now);
                self.tokens.push_back(period);
            }
            None => self.tokens.push_back(period),
        }
        if self.tokens.len() > TOKENS {
            self.tokens.pop_front();
        }
    }

    /// Notes whether the store could be read, and returns whether that is news.
    pub(super) fn note_store(&mut self, unread: Option<String>) -> bool {
        let is_known = unread.is_some() && unread.as_ref() == self.last_failure();
        let before = std::mem::replace(&mut self.unread, unread);
        before != self.unread && !is_known
    }

    /// Returns the failure that lasts.
    fn last_failure(&self) -> Option<&String> {
        let last = self.failures.front().filter(|_| self.is_failing);
        last.map(|failed| &failed.message)
    }

    /// Notes a failure, and returns whether it is news.
    pub(super) fn note_failure(&mut self, message: String, now: Timestamp) -> bool {
        let is_failing = std::mem::replace(&mut self.is_failing, true);
        if let Some(last) = self.failures.front_mut()
            && is_failing
            && last.message == message
        {
            last.times = last.times.saturating_add(1);
            last.last_at = now;
            return false;
        }
        let is_news = self.unread.as_ref() != Some(&message);
        self.failures.push_front(Failed {
            last_at: now,
            times: 1,
            message,
        });
        self.failures.truncate(FAILURES);
        is_news
    }

    /// Notes a success, and returns whether it ends an outage.
    pub(super) fn note_success(&mut self) -> bool {
        std::mem::replace(&mut self.is_failing, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_is_repeated_is_one_until_a_success() {
        let mut history = History::default();
        let at = Timestamp::from_unix_seconds;
        assert!(history.note_failure("down".to_owned(), at(1)));
        assert!(!history.note_failure("down".to_owned(), at(2)));
        assert!(history.note_success());
        assert!(!history.note_success());
        assert!(history.note_failure("down".to_owned(), at(3)));
        let times: Vec<_> = history.failures.iter().map(|failed| failed.times).collect();
        assert_eq!(times, [1, 2]);
    }

    #[test]
    fn a_store_that_cannot_be_read_is_told_once_whoever_notices_it_first() {
        let (at, why) = (Timestamp::from_unix_seconds(1), || "its mode".to_owned());
        let mut history = History::default();
        assert!(!history.note_store(None));
        assert!(history.note_store(Some(why())));
        assert!(!history.note_store(Some(why())));
        assert!(!history.note_failure(why(), at));
        assert!(history.note_failure("down".to_owned(), at));
        assert!(history.note_store(None));

        let mut history = History::default();
        assert!(history.note_failure(why(), at));
        assert!(!history.note_store(Some(why())));
        assert!(history.note_store(None));
    }
}
