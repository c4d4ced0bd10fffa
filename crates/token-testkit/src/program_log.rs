//! The whole log of the process.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// All that the process logs by `tracing` and by `log`, at the finest level: the events, the fields
/// of all spans, and the records. For tests that no secret is in it.
///
/// ```
/// use token_testkit::ProgramLog;
///
/// let log = ProgramLog::begin()?;
/// // … what is tested …
/// assert_eq!(log.line_with("s3cr3t"), None);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// There is one for a process, so such a test is a binary of its own. It should also see that
/// something was logged, and find a secret that it logs itself.
#[derive(Clone, Default)]
pub struct ProgramLog(Arc<Mutex<Vec<u8>>>);

impl ProgramLog {
    /// Begins to log.
    ///
    /// # Errors
    ///
    /// If the process logs elsewhere already.
    pub fn begin() -> io::Result<Self> {
        let log = Self::default();
        let writer = Writer(log.clone());
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish()
            .try_init()
            .map_err(io::Error::other)?;
        Ok(log)
    }

    /// Returns what was logged so far.
    pub fn text(&self) -> String {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }

    /// Returns the first line with this text in it.
    pub fn line_with(&self, text: &str) -> Option<String> {
        let log = self.text();
        let found = log.lines().find(|line| line.contains(text));
        found.map(str::to_owned)
    }
}

impl fmt::Debug for ProgramLog {
    /// Shows nothing of what was logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgramLog")
    }
}

#[derive(Clone)]
struct Writer(ProgramLog);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let log = &self.0.0;
        let mut written = log.lock().unwrap_or_else(PoisonError::into_inner);
        written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
