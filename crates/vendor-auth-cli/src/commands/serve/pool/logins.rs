//! Notices that somebody has logged in again for accounts that nobody asks for: the grant would not
//! be kept alive, and would be listed for good.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use vendor_auth::TokenPool;

/// For how many accounts the store is read at a time.
const AT_ONCE: usize = 100;

/// Reads the store for accounts that must log in again, one part of them after the other.
pub(super) async fn notice(tokens: &TokenPool, every: Duration) {
    let mut looked_at = HashSet::new();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for account in next_of(tokens, &mut looked_at) {
            // What fails here is told to whoever asks for the token.
            if let Ok(cache) = tokens.cache(&account).await {
                drop(cache.reload().await);
            }
        }
    }
}

/// Returns accounts that were not looked at in this round, and begins the next one after the last.
fn next_of(tokens: &TokenPool, looked_at: &mut HashSet<Arc<str>>) -> Vec<Arc<str>> {
    let waiting = tokens.logins_needed().map(|login| login.account);
    let next: Vec<_> = waiting
        .filter(|account| !looked_at.contains(account))
        .take(AT_ONCE)
        .collect();
    match next.len() < AT_ONCE {
        true => looked_at.clear(),
        false => looked_at.extend(next.iter().cloned()),
    }
    next
}
