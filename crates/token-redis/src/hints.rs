//! Who waits for a change is woken by the server's messages.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

/// One bell for each channel that somebody waits on.
#[derive(Clone, Default)]
pub(crate) struct Hints(Arc<Mutex<HashMap<String, Waited>>>);

#[derive(Default)]
struct Waited {
    bell: Arc<Notify>,
    by: usize,
}

impl Hints {
    /// Begins a wait, which must [`leave`](Self::leave).
    pub(crate) fn join(&self, channel: &str) -> Arc<Notify> {
        let mut waited = self.lock();
        let place = waited.entry(channel.to_owned()).or_default();
        place.by += 1;
        Arc::clone(&place.bell)
    }

    /// Ends a wait; whether it was the last one on the channel.
    pub(crate) fn leave(&self, channel: &str) -> bool {
        let mut waited = self.lock();
        let Some(place) = waited.get_mut(channel) else {
            return true;
        };
        place.by -= 1;
        if place.by > 0 {
            return false;
        }
        waited.remove(channel);
        true
    }

    pub(crate) fn is_waited_on(&self, channel: &str) -> bool {
        self.lock().contains_key(channel)
    }

    /// What the driver calls with each message of the server.
    pub(crate) fn ear(
        &self,
    ) -> impl Fn(PushInfo) -> Result<(), Infallible> + Send + Sync + 'static {
        let hints = self.clone();
        move |info| {
            hints.hear(&info);
            Ok(())
        }
    }

    fn hear(&self, info: &PushInfo) {
        match (&info.kind, info.data.first()) {
            // Without the connection nobody is told anything: all look for themselves.
            (PushKind::Disconnection, _) => self
                .lock()
                .values()
                .for_each(|waited| waited.bell.notify_waiters()),
            (PushKind::Message, Some(Value::BulkString(channel))) => self.ring(channel),
            _ => {}
        }
    }

    fn ring(&self, channel: &[u8]) {
        let Ok(channel) = std::str::from_utf8(channel) else {
            return;
        };
        if let Some(waited) = self.lock().get(channel) {
            waited.bell.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hints")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS.md row 91
    #[test]
    fn a_channel_is_forgotten_with_its_last_wait() {
        let hints = Hints::default();
        let (one, other) = (hints.join("a"), hints.join("a"));
        assert!(Arc::ptr_eq(&one, &other), "a message rings for one of two");
        assert!(!hints.leave("a"));
        assert!(hints.is_waited_on("a"));
        assert!(hints.leave("a"));
        assert!(hints.lock().is_empty());
    }
}
