//! Wakes waiters when a message of the server arrives.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

/// One `Notify` for each channel with waiters.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<HashMap<String, Waited>>>);

#[derive(Default)]
struct Waited {
    notify: Arc<Notify>,
    by: usize,
}

impl Listeners {
    /// Registers a wait, which must [`leave`](Self::leave) again.
    pub(crate) fn join(&self, channel: &str) -> Arc<Notify> {
        let mut waited = self.lock();
        let entry = waited.entry(channel.to_owned()).or_default();
        entry.by += 1;
        Arc::clone(&entry.notify)
    }

    /// Ends a wait; returns whether it was the last one on the channel.
    pub(crate) fn leave(&self, channel: &str) -> bool {
        let mut waited = self.lock();
        let Some(entry) = waited.get_mut(channel) else {
            return true;
        };
        entry.by -= 1;
        if entry.by > 0 {
            return false;
        }
        waited.remove(channel);
        true
    }

    pub(crate) fn has_waiters(&self, channel: &str) -> bool {
        self.lock().contains_key(channel)
    }

    /// Returns the driver's callback for messages of the server.
    pub(crate) fn on_push(
        &self,
    ) -> impl Fn(PushInfo) -> Result<(), Infallible> + Send + Sync + 'static {
        let listeners = self.clone();
        move |info| {
            listeners.receive(&info);
            Ok(())
        }
    }

    fn receive(&self, info: &PushInfo) {
        match (&info.kind, info.data.first()) {
            // Without the connection no message arrives, so all waiters read for themselves.
            (PushKind::Disconnection, _) => self
                .lock()
                .values()
                .for_each(|waited| waited.notify.notify_waiters()),
            (PushKind::Message, Some(Value::BulkString(channel))) => self.wake(channel),
            _ => {}
        }
    }

    fn wake(&self, channel: &[u8]) {
        let Ok(channel) = std::str::from_utf8(channel) else {
            return;
        };
        if let Some(waited) = self.lock().get(channel) {
            waited.notify.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listeners")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS.md row 91
    #[test]
    fn a_channel_is_forgotten_with_its_last_wait() {
        let listeners = Listeners::default();
        let (one, other) = (listeners.join("a"), listeners.join("a"));
        assert!(Arc::ptr_eq(&one, &other), "a message wakes one of two");
        assert!(!listeners.leave("a"));
        assert!(listeners.has_waiters("a"));
        assert!(listeners.leave("a"));
        assert!(listeners.lock().is_empty());
    }
}
