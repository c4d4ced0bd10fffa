//! How long every token that the vendor issued lives, and when it may still be handed out.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};

use crate::chaos::protocol::Handed;
use crate::chaos::rotation::LIFE_MS;

/// All tokens, by generation.
#[derive(Debug, Default)]
pub(super) struct Lifetimes {
    all: BTreeMap<u64, Lifetime>,
    /// By the first generation of a grant whose vendor keeps refresh tokens: how many of its tokens
    /// were served from memory by a process that died without storing them. The next token has the
    /// same generation.
    unheard: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Lifetime {
    issued_at_ms: i64,
    expires_at_ms: i64,
    /// The instant at which a store certainly had it.
    durable_at_ms: Option<i64>,
    /// How many times it was issued: more than once by a vendor that accepts a used refresh token
    /// again.
    issues: u64,
    /// The fingerprints of its tokens, once a caller got them.
    fingerprints: Vec<u64>,
}

/// The error of two readings of the clock. Wall time on Linux is that of the last tick, at most 10
/// ms ago (`SystemClock`): once when the vendor notes the issue, once when a holder notes the time
/// left. The store rounds two instants to milliseconds.
pub(super) const GRAIN_MS: i64 = 22;

/// How a token was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    InTime,
    /// Expired, by no more than what no process can know.
    Late,
}

impl Lifetimes {
    /// Adds a token of this generation, which may be handed out from now on.
    pub(super) fn begin(&mut self, generation: u64, issued_at_ms: i64, expires_at_ms: i64) {
        let life = Lifetime {
            issued_at_ms,
            expires_at_ms,
            durable_at_ms: None,
            issues: 1,
            fingerprints: Vec::new(),
        };
        self.all.insert(generation, life);
    }

    /// Notes that one more token of this generation was issued.
    pub(super) fn again(&mut self, generation: u64, issued_at_ms: i64) {
        let expires_at_ms = end_of(issued_at_ms);
        let Some(life) = self.all.get_mut(&generation) else {
            return self.begin(generation, issued_at_ms, expires_at_ms);
        };
        life.issues += 1;
        life.expires_at_ms = life.expires_at_ms.max(expires_at_ms);
    }

    /// Notes how many tokens of the grant with this first generation were never stored.
    pub(super) fn set_unheard(&mut self, first: u64, tokens: u64) {
        self.unheard.insert(first, tokens);
    }

    /// Returns the newest generation.
    pub(super) fn newest(&self) -> Option<u64> {
        self.all.keys().next_back().copied()
    }

    /// Returns when the newest expires.
    pub(super) fn newest_expiry_ms(&self) -> Option<i64> {
        self.all.values().next_back().map(|life| life.expires_at_ms)
    }

    /// Notes that a store has it, since this instant at the latest.
    pub(super) fn durable(&mut self, generation: u64, at_ms: i64) {
        if let Some(life) = self.all.get_mut(&generation) {
            life.durable_at_ms.get_or_insert(at_ms);
        }
    }

    /// Judges a token that a caller got.
    ///
    /// # Errors
    ///
    /// If the vendor never issued it, if other callers got another one, or if it had expired by
    /// more than what no process can know.
    pub(super) fn handed(&mut self, process: usize, handed: &Handed) -> Result<Judged> {
        let Handed {
            generation,
            fingerprint,
            ..
        } = *handed;
        let generation = self.older_of(fingerprint, generation).unwrap_or(generation);
        let unheard = self.unheard.range(..=generation).next_back();
        let unheard = unheard.map_or(0, |(_, tokens)| *tokens);
        let Some(life) = self.all.get_mut(&generation) else {
            bail!(
                "process {process} handed out generation {generation}, which the vendor never issued"
            );
        };
        if !life.fingerprints.contains(&fingerprint) {
            life.fingerprints.push(fingerprint);
        }
        let issues = life.issues + unheard;
        ensure!(
            u64::try_from(life.fingerprints.len()).is_ok_and(|fingerprints| fingerprints <= issues),
            "two different tokens were handed out as generation {generation}"
        );
        let late_ms = handed.judged_at_ms - life.expires_at_ms;
        ensure!(
            late_ms < life.unknowable_ms(),
            "process {process} handed out generation {generation} {} s after its expiry, and {} s at most could not be known",
            seconds(late_ms),
            seconds(life.unknowable_ms())
        );
        Ok(match late_ms < 0 {
            true => Judged::InTime,
            false => Judged::Late,
        })
    }
}

impl Lifetimes {
    /// Returns the previous generation, if the token may be of that: a process whose clock is fast
    /// takes a new token for expired, and keeps the previous one under the new generation while
    /// that is valid.
    fn older_of(&self, fingerprint: u64, generation: u64) -> Option<u64> {
        let mut older = self.all.range(..generation);
        let (older, _) = older.rfind(|(_, life)| life.fingerprints.contains(&fingerprint))?;
        Some(*older)
    }
}

impl Lifetime {
    /// Returns by how much a holder may take the token for younger than it is.
    ///
    /// A record says how much life was left when it was written, and the store says how long ago it
    /// was committed. The time in between is not counted: a store that is unavailable, a holder
    /// that is frozen or dies and leaves the record to its fallback store. It is at most the time
    /// from the issue until the store had it. Nothing else is excused, and no difference of clocks.
    fn unknowable_ms(&self) -> i64 {
        let under_way = self
            .durable_at_ms
            .map_or(0, |at_ms| at_ms - self.issued_at_ms);
        under_way.max(0) + GRAIN_MS
    }
}

impl Judged {
    pub(super) fn is_late(self) -> bool {
        self == Self::Late
    }
}

/// Returns when the token of a refresh expires, from the vendor's journal.
pub(super) fn end_of(issued_at_ms: i64) -> i64 {
    issued_at_ms + LIFE_MS
}

fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", ms.abs() / 1000, ms.abs() % 1000)
}
