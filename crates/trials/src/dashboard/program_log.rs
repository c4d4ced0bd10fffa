//! The whole log of this process: `tracing` and `log`, at the finest level.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What was logged. Clones share it.
#[derive(Clone, Default)]
pub(super) struct ProgramLog(Arc<Mutex<Vec<u8>>>);

impl ProgramLog {
    /// Begins to log.
    pub(super) fn begin() -> Result<Self> {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish()
            .try_init()
            .map_err(|error| anyhow!("the log cannot be read: {error}"))?;
        Ok(log)
    }

    /// Returns what was logged so far.
    pub(super) fn text(&self) -> String {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }
}

impl io::Write for ProgramLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
