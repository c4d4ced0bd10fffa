//! Where a search for accounts to evict goes on, and when it begins.

/// Where the search for accounts to evict goes on.
#[derive(Debug, Default)]
pub(super) struct Hand {
    pub(super) shard: usize,
    pub(super) bucket: usize,
    pub(super) pause: SearchPause,
}

/// A search in vain has looked at all accounts: none begins in the same second. What comes to rest
/// meanwhile leaves at once.
#[derive(Debug, Default)]
pub(super) struct SearchPause(Option<u32>);

impl SearchPause {
    pub(super) fn after(now: u32) -> Self {
        Self(Some(now))
    }

    pub(super) fn holds(&self, now: u32) -> bool {
        self.0 == Some(now)
    }
}
