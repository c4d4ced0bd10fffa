//! The program's log, as a test reads it.
//!
//! The tests of this binary share a process, and `tracing` remembers for the whole process which
//! lines anybody wants. So there is one subscriber, which gives each thread its own lines.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::OptionalWriter;

/// What is logged on the thread of a test.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

/// While it lives, the log of its thread is written.
pub(crate) struct Logging(());

thread_local! {
    static LOG: RefCell<Option<(Level, Log)>> = const { RefCell::new(None) };
}

impl Log {
    /// Begins to log what happens on this thread, down to this level.
    pub(crate) fn begin(level: Level) -> (Self, Logging) {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(Level::TRACE)
                .with_writer(ByThread)
                .with_ansi(false)
                .without_time()
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let log = Self::default();
        LOG.set(Some((level, log.clone())));
        (log, Logging(()))
    }

    /// Returns the lines that were written since the last call.
    pub(crate) fn lines(&self) -> Vec<String> {
        let written = std::mem::take(&mut *self.0.lock().unwrap());
        let written = String::from_utf8(written).unwrap();
        let lines = written.lines().map(|line| line.trim_start().to_owned());
        lines.collect()
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        LOG.set(None);
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct ByThread;

impl<'a> MakeWriter<'a> for ByThread {
    type Writer = OptionalWriter<Log>;

    fn make_writer(&'a self) -> Self::Writer {
        OptionalWriter::none()
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> Self::Writer {
        let wanted = |(level, log): &(Level, Log)| (line.level() <= level).then(|| log.clone());
        let log = LOG.with_borrow(|log| log.as_ref().and_then(wanted));
        log.map_or_else(OptionalWriter::none, OptionalWriter::some)
    }
}
