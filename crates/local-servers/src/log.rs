//! A server that tells in its log when it is ready.

use std::fs;
use std::process::Command;

use crate::ServerError;
use crate::process::Process;

impl Process {
    /// Starts the command, and returns when it has written this text to its log.
    pub(crate) fn start_until(
        &mut self,
        command: &mut Command,
        text: &str,
    ) -> Result<(), ServerError> {
        let log = self.log();
        let read = || fs::read(&log).unwrap_or_default();
        let before = read().len();
        let has_text = |new: &[u8]| String::from_utf8_lossy(new).contains(text);
        self.start(command, |_| read().get(before..).is_some_and(has_text))
    }
}
