//! What happened in a round, in case it has to be explained.

use tokio::time::Instant;

/// The events of one round.
#[derive(Debug)]
pub(super) struct Log {
    begun: Instant,
    lines: Vec<String>,
}

impl Log {
    pub(super) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            lines: Vec::new(),
        }
    }

    /// Adds something about one process.
    pub(super) fn add(&mut self, process: usize, what: &str) {
        self.note(&format!("process {process}: {what}"));
    }

    /// Adds something about all of them.
    pub(super) fn note(&mut self, what: &str) {
        let at = self.begun.elapsed().as_secs_f64() * 1000.0;
        self.lines.push(format!("{at:>9.1} ms  {what}"));
    }

    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
    }
}
