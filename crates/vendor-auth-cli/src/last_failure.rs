//! The last failure of a grant, for the commands that come next.
//!
//! A command lives for one token, so it would ask a vendor again that has just asked clients to
//! wait. A file beside the store tells it, and is what `status` shows.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vendor_auth::cache::Health;
use vendor_auth::types::{Generation, Timestamp, TokenKey};
use vendor_auth::{Error, Secret};

use crate::config::profile::Profile;
use crate::failure;
use crate::state_file::StateFile;

/// The longest pause between two tries at a refresh that can wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The last failure of one grant.
#[derive(Clone, Debug)]
pub(crate) struct LastFailure(StateFile);

/// What failed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Failed {
    /// When, in milliseconds since 1970.
    at_ms: i64,
    /// The exit code of its kind.
    pub(crate) code: u8,
    /// What happened, and what to do. It contains no secret: it is an error's own text.
    pub(crate) message: String,
    /// Until when the vendor asks clients to wait.
    vendor_pause_ends_ms: Option<i64>,
    /// Until when a refresh can wait if the token is valid.
    pause_ends_ms: i64,
    /// The generation of the token that was there.
    generation: Option<u64>,
    /// How often it failed in a row.
    times: u32,
    /// Which refresh token of the configuration there was.
    #[serde(default)]
    pub(crate) first: Option<String>,
}

impl LastFailure {
    pub(crate) fn of(profile: &Profile, key: &TokenKey) -> Self {
        Self(StateFile::of(profile, key, "failures"))
    }

    pub(crate) fn read(&self) -> Option<Failed> {
        self.0.read()
    }

    /// Keeps a failure. If it cannot be written, the next command only knows less.
    pub(crate) fn write(
        &self,
        error: &Error,
        health: &Health,
        first: Option<String>,
        now: Timestamp,
    ) {
        let times = self.read().map_or(0, |last| last.times).saturating_add(1);
        let pause = Duration::from_secs(1 << times.min(10)).min(LONGEST_PAUSE);
        let pause_ends = health.paused_until.unwrap_or(now).max(now.after(pause));
        let vendor_pause = error.kind().retry_after();
        self.0.replace(&Failed {
            at_ms: now.unix_millis(),
            code: failure::code(error.kind()),
            message: failure::text(error),
            vendor_pause_ends_ms: vendor_pause.map(|wait| now.after(wait).unix_millis()),
            pause_ends_ms: pause_ends.unix_millis(),
            generation: stored_generation(health),
            times,
            first,
        });
    }

    /// Forgets the failure, after a success.
    pub(crate) fn clear(&self) {
        self.0.remove();
    }
}

impl Failed {
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.at_ms)
    }

    /// Returns whether the vendor refused the grant that is still the stored one.
    pub(crate) fn refused(&self, health: &Health) -> bool {
        self.code == failure::LOG_IN && self.generation == stored_generation(health)
    }

    /// Returns whether a refresh can still wait.
    pub(crate) fn is_paused(&self, now: Timestamp) -> bool {
        now < Timestamp::from_unix_millis(self.pause_ends_ms) && !self.is_from_the_future(now)
    }

    /// Returns how much longer the vendor asked clients to wait.
    pub(crate) fn vendor_pause_left(&self, now: Timestamp) -> Option<Duration> {
        let end = Timestamp::from_unix_millis(self.vendor_pause_ends_ms?);
        let is_over = end <= now || self.is_from_the_future(now);
        (!is_over).then(|| end.since(now))
    }

    /// Returns whether the clock was set back since.
    fn is_from_the_future(&self, now: Timestamp) -> bool {
        self.at() > now
    }
}

/// Returns the generation of the token; none of a refresh token that is not exchanged yet.
fn stored_generation(health: &Health) -> Option<u64> {
    let generation = health.generation.map(Generation::number);
    generation.filter(|number| *number > 0)
}

/// Returns what tells one refresh token of a grant from another, and is worth nothing else.
pub(crate) fn digest(key: &TokenKey, token: &Secret) -> String {
    let digest = Sha256::new()
        .chain_update(key.as_str())
        .chain_update([0])
        .chain_update(token.expose())
        .finalize();
    let (short, _) = digest.split_at(8);
    base16ct::lower::encode_string(short)
}
