//! How long a refresh token rests after it was sent with an unknown outcome.
//!
//! Measured at the vendor, on its clock. The processes count from their intents, which are a little
//! older than the arrival.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use token_sim::{Kind, Outcome};

use super::answer::Answer;
use super::lifetimes::GRAIN_MS;
use crate::chaos::rotation::RotationMode;

/// While the access token is usable.
const LONG_REST_MS: i64 = 300_000;
/// The minimum, once it is not.
const SHORT_REST_MS: i64 = 15_000;
/// A process may be frozen for this long between its intent and its request.
pub(super) const HEAD_START_MS: i64 = 3_000;

/// Whether the wall clocks of this round and the last can be trusted. A process whose clock was set
/// forward by hours takes its access token for expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::chaos) enum Clocks {
    #[default]
    Right,
    Stepped,
}

/// The last time at which each refresh token was sent.
#[derive(Debug)]
pub(super) struct Rests {
    rotation: RotationMode,
    pub(super) clocks: Clocks,
    sent: BTreeMap<u64, Sent>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    /// Its place in the journal. Whether its answer arrived may be known later.
    place: usize,
    /// When the access token that came with it expires.
    access_expires_ms: i64,
}

impl Rests {
    pub(super) fn new(rotation: RotationMode) -> Self {
        Self {
            rotation,
            clocks: Clocks::default(),
            sent: BTreeMap::new(),
        }
    }

    /// Judges the journal's entry at this place, made while the newest token was to expire at this
    /// instant.
    ///
    /// # Errors
    ///
    /// If a refresh token was sent again before the end of its rest, although the outcome was
    /// unknown.
    pub(super) fn judge(
        &mut self,
        journal: &[Answer],
        place: usize,
        newest_expiry_ms: Option<i64>,
    ) -> Result<()> {
        let answer = journal
            .get(place)
            .filter(|answer| answer.kind == Kind::Refresh);
        let Some(answer) = answer.filter(|_| self.rotation.rests()) else {
            return Ok(());
        };
        let mut access_expires_ms = newest_expiry_ms.unwrap_or(i64::MIN);
        if let Some((sent, before)) = self.doubt(journal, answer.credential) {
            access_expires_ms = sent.access_expires_ms;
            let rested_ms = answer.at_ms - before.at_ms;
            let least_ms = self.least_ms(access_expires_ms, answer.at_ms);
            ensure!(
                rested_ms >= least_ms - HEAD_START_MS,
                "a refresh token was sent again {} s after an exchange of it whose outcome was unknown; it rests for {} s",
                rested_ms / 1000,
                least_ms / 1000
            );
        }
        let sent = Sent {
            place,
            access_expires_ms,
        };
        self.sent.insert(answer.credential, sent);
        Ok(())
    }

    /// Returns the exchange of this refresh token whose outcome is unknown.
    fn doubt<'a>(&self, journal: &'a [Answer], credential: u64) -> Option<(Sent, &'a Answer)> {
        let sent = *self.sent.get(&credential)?;
        let before = journal.get(sent.place)?;
        self.is_in_doubt(before).then_some((sent, before))
    }

    /// Returns the shortest rest: the long one ends with the access token.
    fn least_ms(&self, access_expires_ms: i64, at_ms: i64) -> i64 {
        let is_over = at_ms + GRAIN_MS >= access_expires_ms;
        match is_over || self.clocks == Clocks::Stepped {
            true => SHORT_REST_MS,
            false => LONG_REST_MS,
        }
    }

    fn is_in_doubt(&self, answer: &Answer) -> bool {
        match answer.outcome {
            // If refresh tokens are kept, a token that arrived was written down, and the same one
            // is sent for the next.
            Outcome::Issued { .. } => self.rotation != RotationMode::Kept || !answer.delivered,
            Outcome::Unasked => !answer.delivered,
            _ => false,
        }
    }
}
