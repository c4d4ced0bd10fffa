//! The terminal, which is left as it was.

/// Restores the terminal's settings when it is dropped: a prompt without echo may be interrupted.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Terminal(Option<(std::fs::File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Terminal {
    /// Turns the echo off: before the prompt is seen, so that nobody types too early.
    pub(super) fn without_echo() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let Ok(terminal) = std::fs::File::open("/dev/tty") else {
            return Self(None);
        };
        let Ok(settings) = tcgetattr(&terminal) else {
            return Self(None);
        };
        let mut unseen = settings.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &unseen).ok();
        Self(Some((terminal, settings)))
    }
}

#[cfg(unix)]
impl Drop for Terminal {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some((terminal, settings)) = &self.0 {
            // If the terminal is gone, there is nothing to restore.
            tcsetattr(terminal, OptionalActions::Now, settings).ok();
        }
    }
}

/// Elsewhere the prompt restores them itself.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    pub(super) fn without_echo() -> Self {
        Self
    }
}
