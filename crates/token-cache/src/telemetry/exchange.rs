//! An attempt at an exchange, as seen from outside: its span and its metrics.

use std::future::Future;
use std::pin::Pin;

use token_core::{Error, ErrorKind, Step, TokenKey};

use super::metric;
use super::stopwatch::Stopwatch;

/// What a span and the metrics say of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempted<'a> {
    pub(crate) key: &'a TokenKey,
    pub(crate) step: Step,
    /// The number of the attempt within its exchange, from one on.
    #[cfg_attr(
        not(feature = "tracing"),
        expect(dead_code, reason = "spans alone have it")
    )]
    pub(crate) attempt: u32,
}

impl Attempted<'_> {
    /// Runs the attempt in its span, and counts it. `error` returns what it failed with. The future
    /// stays where it is: one that is moved in is held several times.
    pub(crate) async fn run<T>(
        self,
        exchange: Pin<&mut impl Future<Output = T>>,
        error: impl FnOnce(&T) -> Option<&Error>,
    ) -> T {
        let in_span = async {
            let counted = Counted::begin(self);
            let ended = exchange.await;
            counted.end(error(&ended));
            ended
        };
        #[cfg(feature = "tracing")]
        let in_span = tracing::Instrument::instrument(in_span, self.span());
        in_span.await
    }

    #[cfg(feature = "tracing")]
    fn span(&self) -> tracing::Span {
        let Self { key, step, attempt } = self;
        tracing::info_span!(target: "token_cache", "exchange", %key, %step, attempt)
    }
}

/// Counts the attempt when it is dropped, with its runtime too.
struct Counted<'a> {
    attempted: Attempted<'a>,
    begun: Stopwatch,
    outcome: &'static str,
}

impl<'a> Counted<'a> {
    fn begin(attempted: Attempted<'a>) -> Self {
        Self {
            attempted,
            begun: Stopwatch::start(),
            outcome: outcome_of(ErrorKind::InDoubt),
        }
    }

    fn end(mut self, error: Option<&Error>) {
        #[cfg(feature = "tracing")]
        match error {
            None => tracing::debug!(target: "token_cache", "answered"),
            Some(error) => tracing::debug!(target: "token_cache", %error, "failed"),
        }
        self.outcome = error.map_or("ok", |error| outcome_of(error.kind()));
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let Attempted { key, step, .. } = self.attempted;
        metric::exchanged(key, step, self.outcome, self.begun.elapsed());
    }
}

/// Returns the label of an outcome: `ok`, or the kind of the error.
fn outcome_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Transient { .. } => "transient",
        ErrorKind::Throttled { .. } => "throttled",
        ErrorKind::InDoubt => "in_doubt",
        ErrorKind::Rejected => "rejected",
        ErrorKind::Locked { .. } => "locked",
        ErrorKind::Config => "config",
        ErrorKind::Protocol => "protocol",
        ErrorKind::RefusedAgain => "refused_again",
        ErrorKind::Store => "store",
        _ => "other",
    }
}
