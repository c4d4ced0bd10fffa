//! The only output of the demo: everything that it prints goes through here, and is kept.

use std::fmt::Debug;

use indicatif::ProgressBar;

use crate::progress::{PIECES, bar};

/// Prints lines, shows what is under way, and keeps a transcript of both.
#[derive(Debug)]
pub(crate) struct Output {
    bar: ProgressBar,
    transcript: String,
}

impl Output {
    /// Starts an output for this number of pieces of work.
    pub(crate) fn of(pieces: usize) -> Self {
        Self {
            bar: bar(pieces, PIECES),
            transcript: String::new(),
        }
    }

    /// Shows which piece is under way, if there is a terminal.
    pub(crate) fn begin(&mut self, piece: &str) {
        self.note(piece);
        self.bar.set_message(piece.to_owned());
    }

    /// Prints the outcome of a piece with its number.
    pub(crate) fn done(&mut self, line: &str) {
        self.bar.inc(1);
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        self.say(&format!("{done:>3}/{all}  {line}"));
    }

    /// Prints a line.
    pub(crate) fn say(&mut self, line: &str) {
        self.note(line);
        self.bar.suspend(|| println!("{line}"));
    }

    /// Writes a line to the log only.
    pub(crate) fn note(&mut self, line: &str) {
        self.transcript.push_str(line);
        self.transcript.push('\n');
    }

    /// Writes the `Debug` forms of a value to the log.
    pub(crate) fn note_debug(&mut self, value: &dyn Debug) {
        self.note(&format!("{value:?}"));
        self.note(&format!("{value:#?}"));
    }

    /// Returns everything that was printed or logged.
    pub(crate) fn transcript(&self) -> &str {
        &self.transcript
    }

    /// Clears the progress bar: nothing is under way any more.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
