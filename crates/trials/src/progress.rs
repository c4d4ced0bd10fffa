//! Progress of long work: a bar on a terminal, otherwise one line at a time.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The piece of work that is under way, and its number.
pub(crate) const PIECES: &str = "{spinner} {pos}/{len} {elapsed} {wide_msg}";

/// Returns a bar for this number of pieces of work, which is hidden if there is no terminal.
pub(crate) fn bar(pieces: usize, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(pieces).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// How much of a known number of pieces is done.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts the progress of this number of pieces.
    pub(crate) fn of(pieces: usize) -> Self {
        Self(bar(pieces, PIECES))
    }

    /// Shows which piece is under way.
    pub(crate) fn begin(&self, piece: &str) {
        self.0.set_message(piece.to_owned());
        if self.0.is_hidden() {
            let (done, all) = (self.0.position(), self.0.length().unwrap_or_default());
            println!("  {}/{all} {piece}", done + 1);
        }
    }

    /// Notes that the piece under way is done.
    pub(crate) fn done(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
