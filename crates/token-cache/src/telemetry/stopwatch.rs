//! How long something takes, for a metric. Without the metrics no clock is read.

use std::time::Duration;

#[cfg(feature = "metrics")]
use tokio::time::Instant;

/// When something began that a metric tells the duration of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    #[cfg(feature = "metrics")]
    begun: Instant,
}

impl Stopwatch {
    /// Begins to measure.
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            begun: Instant::now(),
        }
    }

    /// Returns how long it took; zero without the metrics.
    pub(crate) fn elapsed(self) -> Duration {
        #[cfg(feature = "metrics")]
        let elapsed = self.begun.elapsed();
        #[cfg(not(feature = "metrics"))]
        let elapsed = Duration::ZERO;
        elapsed
    }
}
