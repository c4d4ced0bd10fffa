//! What happens to the tokens of a pool, for the log: once for each account and failure, and not
//! more lines a minute than somebody reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use vendor_auth::Error;
use vendor_auth::cache::{Event, PoolEvent};

use super::told::{grant_ends, text_of};
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
    left_out: u32,
}

impl Log {
    pub(super) fn of(profile: Arc<Profile>) -> Self {
        Self {
            profile,
            failing: HashMap::new(),
            lines: 0,
            left_out: 0,
        }
    }

    /// Tells how many lines were left out, and goes on.
    pub(super) fn begin_window(&mut self) {
        self.lines = 0;
        let left_out = std::mem::take(&mut self.left_out);
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
            Event::GrantEnds { at } => {
                let text = grant_ends(&self.profile, account, *at);
                self.say(&text);
            }
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
        let before = self.failing.get(account);
        if before == Some(&text) {
            return;
        }
        if before.is_none() && self.failing.len() >= REMEMBERED {
            // It would be told each time that it fails.
            self.leave_out();
            return;
        }
        self.failing.insert(Arc::clone(account), text.clone());
        self.say(&text);
    }

    fn say(&mut self, text: &str) {
        if self.lines >= LINES {
            self.leave_out();
            return;
        }
        self.lines += 1;
        say(text);
    }

    fn leave_out(&mut self) {
        self.left_out = self.left_out.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use vendor_auth::ErrorKind;
    use vendor_auth::types::Timestamp;

    use super::*;
    use crate::config::Config;

    fn log() -> Log {
        let text = "[profiles.tenants]\nvendor = \"oauth2\"\n\
                    token_url = \"https://id.example.com/token\"\nclient_id = \"app\"\n\
                    refresh_token = { file = \"{account}\" }\npool = {}\n";
        let config = Config::parse(Path::new("/config.toml"), text).unwrap();
        Log::of(Arc::new(config.profile_or_pool("tenants").unwrap()))
    }

    #[test]
    fn more_accounts_than_are_remembered_are_left_out_and_repeat_no_line() {
        let mut log = log();
        log.lines = LINES;
        let error = Error::new(ErrorKind::Protocol, "it is down");
        let accounts: Vec<Arc<str>> = (0..=REMEMBERED).map(|it| it.to_string().into()).collect();
        for account in &accounts {
            log.note_failure(account, &error);
        }
        assert_eq!(log.failing.len(), REMEMBERED);
        log.begin_window();
        log.note_failure(&accounts[0], &error);
        assert_eq!((log.lines, log.left_out), (0, 0));
        log.note_failure(&accounts[REMEMBERED], &error);
        assert_eq!((log.lines, log.left_out), (0, 1));
    }

    #[test]
    fn the_end_of_a_grant_is_told_with_what_begins_the_next_one() {
        let text = grant_ends(&log().profile, "acme", Timestamp::from_unix_seconds(0));
        assert!(
            text.starts_with("tenants/acme: the grant ends at 1970-"),
            "{text}"
        );
        assert!(text.ends_with("is read (the file acme)"), "{text}");
    }
}
