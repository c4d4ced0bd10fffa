//! Keeps the token of a profile fresh, and passes it on to files and to the hook.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use vendor_auth::cache::Event;
use vendor_auth::types::Timestamp;
use vendor_auth::{Error, ErrorKind, Token};

use super::super::files::{Files, is_same};
use super::super::hook::HookRuns;
use super::Kept;
use crate::failure::say;
use crate::grant;
use crate::output::Printed;

/// How long the hook has to end after the program was told to.
const HOOK_GRACE: Duration = Duration::from_secs(5);

/// Where tokens are passed on to.
struct Outlets {
    files: Files,
    hook: Option<HookRuns>,
    /// The token that the hook was run for.
    hook_had: Option<Token>,
}

impl Kept {
    /// Keeps the token fresh, and its files up to date, until the program ends.
    pub(in super::super) async fn keep(&self, mut stopped: watch::Receiver<bool>) {
        let tokens = &self.grant.tokens;
        let mut events = tokens.events();
        let mut outlets = self.outlets();
        let mut ticks = interval(self.store_read_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut fresh = None;
        let mut pause = std::pin::pin!(self.pause());
        loop {
            tokio::select! {
                () = &mut pause, if fresh.is_none() => fresh = Some(tokens.keep_fresh()),
                event = events.next() => match event {
                    Some(event) => self.note(&event),
                    None => break,
                },
                _ = ticks.tick() => self.read_store().await,
                _ = stopped.changed() => break,
            }
            self.pass_on(&mut outlets).await;
        }
        // The last exchange may have ended after the last event.
        self.pass_on(&mut outlets).await;
        if let Some(hook) = outlets.hook {
            hook.end(HOOK_GRACE).await;
        }
    }

    fn outlets(&self) -> Outlets {
        let hook = self.hook.clone();
        Outlets {
            files: Files::new(&self.sinks),
            hook: hook.map(|hook| HookRuns::start(hook, self.name().to_owned())),
            hook_had: None,
        }
    }

    /// Waits for as long as the vendor asked an earlier process to.
    async fn pause(&self) {
        if let Some(left) = self.pause_left() {
            let (name, seconds) = (self.name(), left.as_secs());
            say(&format!(
                "{name}: the vendor asked clients to wait {seconds} s"
            ));
            tokio::time::sleep(left).await;
        }
    }

    /// Takes the token of another process over if it is newer, and notices a logout.
    async fn read_store(&self) {
        let was_logged_out = self.grant.tokens.health().logged_out;
        let failure = self.grant.tokens.reload().await.err();
        if let Some(error) = &failure
            && error.kind() == ErrorKind::Rejected
            && !was_logged_out
        {
            self.note_failure(error, grant::now());
        }
        if failure.is_none() && self.grant.tokens.health().logged_out && !was_logged_out {
            let name = self.name();
            say(&format!(
                "{name}: the grant was logged out; the next client that asks for a token logs in again"
            ));
        }
        let unread = failure.filter(|error| error.kind() == ErrorKind::Store);
        let unread = unread.map(|error| self.grant.failure_of_kind(&error).to_string());
        let text = match &unread {
            Some(text) => text.clone(),
            None => format!("{}: the store can be read again", self.name()),
        };
        if self.lock().note_store(unread) {
            say(&text);
        }
    }

    /// Writes the current token into the files that do not have it, and runs the hook once all have
    /// it.
    async fn pass_on(&self, outlets: &mut Outlets) {
        let Some(token) = self.grant.tokens.current() else {
            return;
        };
        let token = Token::clone(&token);
        self.note_token();
        let printed = Printed::of(&self.grant.profile, &token, &self.origins);
        if outlets.files.write(&printed).await && !is_same(outlets.hook_had.as_ref(), &token) {
            if let Some(hook) = &outlets.hook {
                hook.run_for(&token);
            }
            outlets.hook_had = Some(token);
        }
    }

    fn note_token(&self) {
        self.lock()
            .note_token(&self.grant.tokens.health(), grant::now());
    }

    fn note(&self, event: &Event) {
        let now = grant::now();
        match event {
            Event::Refreshed { .. } => {
                self.grant.note_outcome(now);
                if self.lock().note_success() {
                    say(&format!("{}: there is a new token again", self.name()));
                }
            }
            Event::Failed { error, .. }
            | Event::Rejected { error }
            | Event::PersistFailed { error, .. } => self.note_failure(error, now),
            Event::StoreWarning { what } if self.warned.is_first(what) => say(what),
            Event::GrantEnds { at } => {
                let (name, how) = (self.name(), self.grant.profile.log_in_again());
                say(&format!(
                    "{name}: the grant ends at {at}; log in again{how}"
                ));
            }
            _ => {}
        }
    }

    fn note_failure(&self, error: &Error, now: Timestamp) {
        self.grant.note_outcome(now);
        let text = self.grant.failure_of_kind(error).to_string();
        if self.lock().note_failure(text.clone(), now) {
            say(&text);
        }
    }
}
