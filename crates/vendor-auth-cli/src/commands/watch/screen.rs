//! The terminal: its keys, its size, and that it is restored.

use std::io::{self, Write as _};
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{self, Event};
use ratatui::DefaultTerminal;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::feed::Feed;
use super::picture;
use super::view::{View, Wish};
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::grant::{self, Grant, Wanted};
use crate::signals;

/// How long a refresh under way is waited for at the end: its refresh token would be lost.
const GRACE: Duration = Duration::from_secs(10);

/// Shows the picture until a key or a signal ends it. A panic restores the terminal too.
pub(super) async fn run(
    config: Arc<Config>,
    profiles: Vec<Profile>,
    feed: Feed,
) -> Result<ExitCode, Failure> {
    let mut ended = pin!(signals::ended());
    // From here on a signal ends this function, so that the terminal is restored.
    tokio::select! {
        biased;
        signal = &mut ended => return Err(Failure::interrupted(signal)),
        () = std::future::ready(()) => {}
    }
    let mut terminal = ratatui::try_init().map_err(|error| broken(&error))?;
    let mut screen = Screen {
        config,
        profiles,
        view: View {
            has_colours: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            ..View::default()
        },
        refreshes: JoinSet::new(),
    };
    let outcome = screen.show(&mut terminal, feed, ended).await;
    ratatui::restore();
    screen.settle().await;
    outcome
}

struct Screen {
    config: Arc<Config>,
    profiles: Vec<Profile>,
    view: View,
    /// What became of the refreshes, in words.
    refreshes: JoinSet<String>,
}

impl Screen {
    async fn show(
        &mut self,
        terminal: &mut DefaultTerminal,
        mut feed: Feed,
        mut ended: Pin<&mut impl Future<Output = u8>>,
    ) -> Result<ExitCode, Failure> {
        let mut events = events();
        loop {
            let view = &self.view;
            terminal
                .draw(|frame| {
                    picture::draw(view, grant::now(), frame.area(), frame.buffer_mut());
                })
                .map_err(|error| broken(&error))?;
            tokio::select! {
                lives = feed.next() => self.view.update(lives),
                Some(note) = self.refreshes.join_next() => {
                    self.view.note = note.unwrap_or_default();
                }
                event = events.recv() => match event {
                    Some(Event::Key(key)) => match self.view.press(key) {
                        Wish::Quit => return Ok(ExitCode::SUCCESS),
                        Wish::Refresh => self.refresh(),
                        Wish::Nothing => {}
                    },
                    Some(_) => {}
                    None => return Ok(ExitCode::SUCCESS),
                },
                signal = &mut ended => return Err(Failure::interrupted(signal)),
            }
        }
    }

    /// Asks the vendor for another token; one refresh at a time.
    fn refresh(&mut self) {
        let Some(profile) = self.profiles.get(self.view.selected).cloned() else {
            return;
        };
        if !self.refreshes.is_empty() {
            "a refresh is under way".clone_into(&mut self.view.note);
            return;
        }
        let config = Arc::clone(&self.config);
        self.view.note = format!("{}: asking the vendor …", profile.name);
        self.refreshes.spawn(async move {
            let wanted = Wanted {
                force: true,
                ..Wanted::default()
            };
            match Grant::token(&config, &profile, wanted).await {
                Ok(_) => format!("{}: refreshed", profile.name),
                Err(failure) => failure.to_string(),
            }
        });
    }

    /// Waits for a refresh that is under way.
    async fn settle(&mut self) {
        if self.refreshes.is_empty() {
            return;
        }
        // If standard error is closed, it is waited for without a word.
        drop(writeln!(
            io::stderr(),
            "vendor-auth: waiting for the vendor's answer"
        ));
        let settled = async { while self.refreshes.join_next().await.is_some() {} };
        drop(timeout(GRACE, settled).await);
    }
}

/// Reads keys and sizes on a thread of its own, which ends with the program.
fn events() -> mpsc::UnboundedReceiver<Event> {
    let (read, events) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if read.send(event).is_err() {
                return;
            }
        }
    });
    events
}

fn broken(error: &io::Error) -> Failure {
    Failure::store(format!("the terminal: {error}"))
}

#[cfg(all(test, unix))]
mod tests;
