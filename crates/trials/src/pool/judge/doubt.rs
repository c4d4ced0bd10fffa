//! Which grants may end since a killed process may have sent their refresh token.
//!
//! * A process was killed after it had declared that it would send the token.
//! * Each process that has found that was killed, or sent it, before it had had [`LONGEST_DOUBT`]
//!   for it.
//! * Between them, nobody looked at the grant for [`LONGEST_UNSEEN`] at most.

use std::time::{Duration, Instant};

use super::super::journal::Doubt;
use super::Case;

/// How long after the end of the access token, or after it has found that another process may have
/// sent the refresh token if that is later, a process sends it at the latest: 15 s, two looks at
/// the store, and the request.
const LONGEST_DOUBT: Duration = Duration::from_secs(27);

/// For how long nobody looks at a grant whose access token has expired: 30 s after a failure, the
/// lease of the one that was killed, a sweep, and the start of a process.
const LONGEST_UNSEEN: Duration = Duration::from_secs(45);

/// From when until when a process looked at the grant.
type Look = (Instant, Instant);

impl Case<'_> {
    /// Returns whether processes were in doubt whether the newest refresh token was sent, and none
    /// of them had time to end that.
    pub(super) fn has_ended_in_doubt(&self) -> bool {
        let mut doubts = self.doubts().peekable();
        // A refusal takes the intent away.
        let may_be_sent = self.stored.has_intent || self.grant.has_ended();
        may_be_sent
            && self.has_killed_a_declarer()
            && doubts.peek().is_some()
            && !doubts.any(|doubt| self.had_time(doubt))
            && self.longest_unseen() <= LONGEST_UNSEEN
    }

    fn doubts(&self) -> impl Iterator<Item = Doubt> {
        self.history.doubts(self.grant.newest + 1)
    }

    fn declared(&self) -> impl Iterator<Item = (u32, Instant)> {
        self.history.declared(self.grant.newest + 1)
    }

    fn has_killed_a_declarer(&self) -> bool {
        let end = self.judge.ends_at(self.grant.expires_at);
        self.declared().any(|(by, _)| {
            let killed = self.judge.killed.get(&by);
            killed.is_some_and(|killed| *killed <= end)
        })
    }

    fn had_time(&self, doubt: Doubt) -> bool {
        let since = doubt.found_at.max(self.grant.expires_at);
        self.ended(doubt).saturating_duration_since(since) > LONGEST_DOUBT
    }

    /// Returns until when a process was in doubt.
    fn ended(&self, doubt: Doubt) -> Instant {
        let killed = self.judge.killed.get(&doubt.by).copied();
        doubt.sent_at.or(killed).unwrap_or(self.judge.stopped_at)
    }

    /// Returns for how long nobody looked at the grant between the end of its access token and that
    /// of its refresh token.
    fn longest_unseen(&self) -> Duration {
        let doubts = self
            .doubts()
            .map(|doubt| (doubt.found_at, self.ended(doubt)));
        let declared = self.declared().map(|(_, at)| (at, at));
        let mut looks: Vec<Look> = doubts.chain(declared).collect();
        looks.sort_unstable();
        let end = self.judge.ends_at(self.grant.expires_at);
        let end = end.min(self.judge.stopped_at);
        looks.push((end, end));
        let (mut seen, mut longest) = (self.grant.expires_at, Duration::ZERO);
        for (from, until) in looks {
            longest = longest.max(from.min(end).saturating_duration_since(seen));
            seen = seen.max(until);
        }
        longest
    }
}
