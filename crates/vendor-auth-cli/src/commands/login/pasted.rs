//! What a person pastes on standard input.

use std::io::{self, BufRead as _};
use std::thread;

use tokio::sync::mpsc;
use vendor_auth::Secret;

/// The lines of standard input.
#[derive(Debug)]
pub(super) struct Pasted(Option<mpsc::Receiver<Secret>>);

impl Pasted {
    /// Begins to read. A read that is under way ends with the process.
    pub(super) fn read() -> Self {
        let (lines, receiver) = mpsc::channel(1);
        thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line.map(|line| Secret::from(line.trim())) else {
                    return;
                };
                if !line.is_empty() && lines.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self(Some(receiver))
    }

    /// The input after its end.
    pub(super) fn nothing_more() -> Self {
        Self(None)
    }

    /// Returns the next line; none at the end of the input, and nothing after it.
    pub(super) async fn next(&mut self) -> Option<Secret> {
        match &mut self.0 {
            Some(lines) => lines.recv().await,
            None => std::future::pending().await,
        }
    }
}
