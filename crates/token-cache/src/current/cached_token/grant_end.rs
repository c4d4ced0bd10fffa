//! Whether it was told that the grant ends: once, however many tokens and engines follow.

use super::CachedToken;
use super::marks::Mark;

impl CachedToken {
    /// Notes that it is told. Returns whether that is news.
    pub(crate) fn tell_grant_end(&self) -> bool {
        let is_news = !self.marks.has(Mark::GrantEndTold);
        self.marks.set(Mark::GrantEndTold);
        is_news
    }

    /// Notes that the end moved on: it may be told again.
    pub(crate) fn grant_end_moved(&self) {
        self.marks.clear(Mark::GrantEndTold);
    }

    pub(super) fn carry_grant_end(&self, before: &Self) {
        if before.marks.has(Mark::GrantEndTold) {
            self.marks.set(Mark::GrantEndTold);
        }
    }
}
