//! What a process can know of the vendor's clock, and how wrong the instants are that it signs
//! with.

use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use vendor_auth::TokenCache;
use vendor_auth::types::{Answer, Attempt, Error, ErrorKind};

use super::shared_clock::ClockFile;

/// How long the exchange took from which the vendor's clock was last learned, in milliseconds.
#[derive(Debug)]
pub(super) struct Learned {
    /// Of the last answer. The cache reads it only after the client has returned it.
    answered: AtomicI64,
    /// Of the last answer that the cache has read.
    known: AtomicI64,
}

/// An instant for a signature, compared with the true time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) wrong_by_ms: i64,
    /// How long the exchange took from which the vendor's clock is known: within that time it is
    /// unknown when the answer was dated.
    pub(super) known_within_ms: i64,
}

const NOTHING: i64 = -1;

/// `Date` has whole seconds, and a process ignores a difference of less than two of them.
const GRAIN_MS: i64 = 4_000;

impl Signed {
    /// # Errors
    ///
    /// If the instant is off by more than the duration of the exchange explains that told the
    /// vendor's clock.
    pub(super) fn judge(&self, process: usize) -> Result<()> {
        let most_ms = self.known_within_ms.saturating_add(GRAIN_MS);
        ensure!(
            self.wrong_by_ms.saturating_abs() <= most_ms,
            "process {process} signs with a time that is wrong by {} s though it learned the vendor's to {} s",
            self.wrong_by_ms / 1000,
            most_ms / 1000
        );
        Ok(())
    }
}

impl Default for Learned {
    fn default() -> Self {
        Self {
            answered: AtomicI64::new(NOTHING),
            known: AtomicI64::new(NOTHING),
        }
    }
}

impl Learned {
    /// Notes how long an exchange took that was answered over TLS. Until [`commit`](Self::commit)
    /// it is unknown whether the cache signs by the answer yet.
    pub(super) fn answer(&self, within_ms: i64) {
        self.known.store(NOTHING, Ordering::SeqCst);
        self.answered.store(within_ms.max(0), Ordering::SeqCst);
    }

    /// Notes that a cache commits what an answer brought: it has read the answer.
    pub(super) fn commit(&self) {
        let answered = self.answered.load(Ordering::SeqCst);
        self.known.store(answered, Ordering::SeqCst);
    }

    fn known_within_ms(&self) -> Option<i64> {
        let known = self.known.load(Ordering::SeqCst);
        (known != NOTHING).then_some(known)
    }

    /// Returns the time with which the cache signs a request now; `None` if it has not learned the
    /// vendor's clock for certain, or an answer arrived or time was advanced meanwhile.
    pub(super) async fn sign(&self, tokens: &TokenCache, clock_file: &ClockFile) -> Option<Signed> {
        let known_within_ms = self.known_within_ms()?;
        let (before_ms, advanced_ms) = (clock_file.now_ms(), clock_file.advanced_ms());
        let mut signed_at_ms = None;
        let asked = tokens.send_request(
            |attempt: &Attempt| {
                signed_at_ms = Some(attempt.now().unix_millis());
                Err(Error::new(ErrorKind::Config, "nothing is to be sent"))
            },
            |_: &Answer<'_>| Ok(()),
        );
        drop(asked.await);
        let wrong_by_ms = signed_at_ms? - before_ms;
        let is_still = clock_file.advanced_ms() == advanced_ms
            && self.known_within_ms() == Some(known_within_ms);
        is_still.then_some(Signed {
            wrong_by_ms,
            known_within_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_clock_is_known_once_the_cache_has_committed_what_was_answered() {
        let learned = Learned::default();
        learned.commit();
        assert_eq!(learned.known_within_ms(), None);
        learned.answer(40);
        assert_eq!(learned.known_within_ms(), None);
        learned.commit();
        assert_eq!(learned.known_within_ms(), Some(40));
        learned.answer(900);
        assert_eq!(learned.known_within_ms(), None);
        learned.commit();
        assert_eq!(learned.known_within_ms(), Some(900));
    }
}
