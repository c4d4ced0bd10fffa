//! What happens to the tokens of a pool, for the log: once for each account and failure, and not
//! more lines a minute than somebody reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use vendor_auth::Error;
use vendor_auth::cache::{Event, PoolEvent};

use super::told::text_of;
use crate::config::profile::Profile;
use crate::failure::say;

/// How long so many lines are enough.
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// The most lines in that time.
const LINES: u32 = 100;
/// Of how many accounts the last failure is remembered.
const REMEMBERED: usize = 10_000;

pub(super) struct Log {
    profile: Arc<Profile>,
    /// What failed last, by account.
    failing: HashMap<Arc<str>, String>,
    lines: u32,
}

impl Log {
    pub(super) fn of(profile: Arc<Profile>) -> Self {
        Self {
            profile,
            failing: HashMap::new(),
            lines: 0,
        }
    }

    /// Tells how many lines were left out, and goes on.
    pub(super) fn begin_window(&mut self) {
        let left_out = self.lines.saturating_sub(LINES);
        self.lines = 0;
        if left_out > 0 {
            let name = &self.profile.name;
            say(&format!(
                "{name}: {left_out} more lines about its accounts were left out"
            ));
        }
    }

    pub(super) fn note(&mut self, event: &PoolEvent) {
        let account = &event.account;
        let name = format!("{}/{account}", self.profile.name);
        match &event.event {
            Event::Refreshed { .. } if self.failing.remove(account).is_some() => {
                self.say(&format!("{name}: there is a new token again"));
            }
            Event::Failed { error, .. }
            | Event::Rejected { error }
            | Event::PersistFailed { error, .. } => self.note_failure(account, error),
            Event::GrantEnds { at } => self.say(&format!(
                "{name}: log in again with `vendor-auth login {name}` before {at}"
            )),
            // It is about the store, and not about one account.
            Event::StoreWarning { what } => {
                let name = &self.profile.name;
                let text = format!("{name}: {what}");
                self.say(&text);
            }
            _ => {}
        }
    }

    fn note_failure(&mut self, account: &Arc<str>, error: &Error) {
        let text = text_of(&self.profile, account, error);
        if self.failing.get(account) == Some(&text) {
            return;
        }
        if self.failing.len() >= REMEMBERED {
            self.failing.clear();
        }
        self.failing.insert(Arc::clone(account), text.clone());
        self.say(&text);
    }

    fn say(&mut self, text: &str) {
        self.lines = self.lines.saturating_add(1);
        if self.lines <= LINES {
            say(text);
        }
    }
}
