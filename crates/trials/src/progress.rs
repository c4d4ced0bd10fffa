//! Progress of long work: a bar on a terminal, otherwise one line at a time.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How much of a known number of pieces is done.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: bool,
}

impl Progress {
    /// Starts the progress of this number of pieces.
    pub(crate) fn of(pieces: usize) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(u64::try_from(pieces).ok(), target);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, plain }
    }

    /// Shows which piece is under way.
    pub(crate) fn begin(&self, piece: &str) {
        self.bar.set_message(piece.to_owned());
        if self.plain {
            let (position, length) = (
                self.bar.position() + 1,
                self.bar.length().unwrap_or_default(),
            );
            println!("  {position}/{length} {piece}");
        }
    }

    /// Notes that the piece under way is done.
    pub(crate) fn done(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
