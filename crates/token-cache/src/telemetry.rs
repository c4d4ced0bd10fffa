//! What is seen from outside besides events: spans and metrics.

pub(crate) mod exchange;
pub(crate) mod metric;
#[cfg(feature = "pool")]
pub(crate) mod pool_metric;
pub(crate) mod stopwatch;
