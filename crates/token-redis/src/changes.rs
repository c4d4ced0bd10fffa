//! Waiting for another holder's commit: told by a message, and looking now and then besides.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use token_core::store::{Entry, TokenStore};
use token_core::{Generation, TokenKey};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::store::RedisStore;

/// How often a waiting holder looks, beside being told and where nobody tells it.
const SELDOM: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_millis(50);

impl RedisStore {
    /// What is stored when it is of another generation, or when somebody gave a lease back.
    pub(crate) async fn until_changed(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
    ) -> Option<Entry> {
        let wait = Wait::begin(self, self.channel(key));
        loop {
            // It listens before it looks, so that no commit falls in between.
            let mut notified = pin!(wait.notify.notified());
            notified.as_mut().enable();
            let pause = if self.connection.listens(&wait.channel).await {
                SELDOM
            } else {
                OFTEN
            };
            let looked = self.load(key).await.ok();
            if looked
                .as_ref()
                .is_some_and(|entry| entry.generation() != seen)
            {
                return looked;
            }
            tokio::select! {
                () = notified => return self.load(key).await.ok(),
                () = sleep(pause) => {}
            }
        }
    }
}

/// A wait for a change. When the last one on a channel ends, however it ends, the server is told.
struct Wait<'a> {
    store: &'a RedisStore,
    channel: String,
    /// Rings when the server told of a change.
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
        // Outside a runtime nobody can be told; the next wait that ends inside one does it.
        let (connection, listeners) = (
            Arc::clone(&self.store.connection),
            self.store.listeners.clone(),
        );
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { connection.forget_unwanted(&listeners).await });
        }
    }
}
