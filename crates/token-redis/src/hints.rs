//! Who waits for a change is woken by the server's messages.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

/// One bell for each channel that somebody waits on.
#[derive(Clone, Default)]
pub(crate) struct Hints(Arc<Mutex<HashMap<String, Arc<Notify>>>>);

impl Hints {
    pub(crate) fn bell(&self, channel: &str) -> Arc<Notify> {
        Arc::clone(self.lock().entry(channel.to_owned()).or_default())
    }

    /// What the driver calls with each message of the server.
    pub(crate) fn ear(&self) -> impl Fn(PushInfo) -> Result<(), Infallible> + Send + Sync + 'static {
        let hints = self.clone();
        move |info| {
            hints.hear(&info);
            Ok(())
        }
    }

    fn hear(&self, info: &PushInfo) {
        match (&info.kind, info.data.first()) {
            // Without the connection nobody is told anything: all look for themselves.
            (PushKind::Disconnection, _) => self.lock().values().for_each(|bell| bell.notify_waiters()),
            (PushKind::Message, Some(Value::BulkString(channel))) => self.ring(channel),
            _ => {}
        }
    }

    fn ring(&self, channel: &[u8]) {
        let Ok(channel) = std::str::from_utf8(channel) else {
            return;
        };
        if let Some(bell) = self.lock().get(channel) {
            bell.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hints")
    }
}
