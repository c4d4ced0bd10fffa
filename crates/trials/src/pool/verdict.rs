//! What the judge found, counted.

use std::time::Duration;

use super::ledger::{Answer, Grant};
use super::protocol::What;

/// How an account is at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The store has the newest token.
    Kept,
    /// Only a process that was killed has had it, in this step.
    Lost(What),
    /// Its refresh token has ended, and all processes that were in doubt of it were killed.
    EndedInDoubt,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    pub(super) exchanges: u64,
    pub(super) kept: usize,
    /// Of these, those whose holder was killed before it could report that the store has it.
    pub(super) unreported: usize,
    /// Grants whose newest token was under way to a process when that was killed.
    pub(super) lost_on_their_way: usize,
    /// Grants whose newest token was under way to the store.
    pub(super) lost_before_the_store: usize,
    /// Grants that ended in doubt of what killed processes had sent.
    pub(super) ended_in_doubt: usize,
    /// Of the lost ones, those whose refresh token was used again, as the rules allow.
    pub(super) used_again: usize,
    /// Requests for grants that had ended.
    pub(super) asked_after_end: usize,
    /// Grants that would have ended if their first token had not been refreshed.
    pub(super) outlived: usize,
    /// By how much the latest refresh came after the end of the access token.
    pub(super) latest: Duration,
    /// The fewest and the most refreshes of an account.
    pub(super) fewest: u64,
    pub(super) most: u64,
}

impl Verdict {
    pub(super) fn note(&mut self, grant: &Grant, found: Found) {
        let refreshes = grant.newest - 1;
        self.exchanges += refreshes;
        self.fewest = self.fewest.min(refreshes);
        self.most = self.most.max(refreshes);
        self.latest = self.latest.max(grant.latest);
        let after_end = grant
            .requests
            .iter()
            .filter(|request| request.answer == Answer::Ended);
        self.asked_after_end += after_end.count();
        let mut requests = grant.requests.iter();
        let is_again = requests.any(|request| request.answer == Answer::UsedAgain);
        self.used_again += usize::from(is_again);
        match found {
            Found::Kept => self.kept += 1,
            Found::EndedInDoubt => self.ended_in_doubt += 1,
            Found::Lost(What::Sending) => self.lost_on_their_way += 1,
            Found::Lost(_) => self.lost_before_the_store += 1,
        }
    }
}
