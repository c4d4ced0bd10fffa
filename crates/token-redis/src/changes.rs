//! Waits for another owner's commit: by message, and by reading from time to time.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use token_core::store::{Entry, StoreError, TokenStore};
use token_core::{Generation, TokenKey};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::store::RedisStore;
use crate::{reply, script};

/// How often a waiter reads, with and without a subscription.
const POLL_WHILE_SUBSCRIBED: Duration = Duration::from_secs(1);
const POLL_WITHOUT_MESSAGES: Duration = Duration::from_millis(50);

impl RedisStore {
    /// Waits until the entry has another generation or a lease ends, and returns the entry.
    pub(crate) async fn until_changed(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
    ) -> Option<Entry> {
        let wait = Wait::begin(self, self.channel(key));
        let mut was_leased = false;
        loop {
            // It listens before it reads, so that no commit is missed in between.
            let mut notified = pin!(wait.notify.notified());
            notified.as_mut().enable();
            let pause = if self.connection.subscribe(&wait.channel).await {
                POLL_WHILE_SUBSCRIBED
            } else {
                POLL_WITHOUT_MESSAGES
            };
            if let Ok((entry, is_leased)) = self.look(key).await {
                if entry.generation() != seen || (was_leased && !is_leased) {
                    return Some(entry);
                }
                was_leased |= is_leased;
            }
            tokio::select! {
                () = notified => return self.load(key).await.ok(),
                () = sleep(pause) => {}
            }
        }
    }

    /// Returns what is stored, and whether any owner holds the lease.
    pub(crate) async fn look(&self, key: &TokenKey) -> Result<(Entry, bool), StoreError> {
        reply::looked(self.run(&script::LOAD, key, &[]).await?, key, &self.sealing)
    }
}

/// A wait for a change. When the last one on a channel ends, for any reason, it unsubscribes.
struct Wait<'a> {
    store: &'a RedisStore,
    channel: String,
    /// Notified by a message of the server.
    notify: Arc<Notify>,
}

impl<'a> Wait<'a> {
    fn begin(store: &'a RedisStore, channel: String) -> Self {
        Self {
            store,
            notify: store.listeners.join(&channel),
            channel,
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if !self.store.listeners.leave(&self.channel) {
            return;
        }
        // Without a runtime it cannot unsubscribe; the next wait that ends within one does so.
        let (connection, listeners) = (
            Arc::clone(&self.store.connection),
            self.store.listeners.clone(),
        );
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { connection.unsubscribe_unused(&listeners).await });
        }
    }
}
