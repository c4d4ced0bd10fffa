//! Bodies of answers that do not come at once.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::ApiCall;

/// How long the body of an answer may take after the headers, and still be judged.
const LONGEST: Duration = Duration::from_secs(1);

impl ApiCall<'_> {
    /// Reads a body that [`needs_body`](Self::needs_body) asked for, for at most a second: returns
    /// what `reading` does, or `None` if it has not ended by then. Any executor can poll this.
    ///
    /// A refusal is short and comes with its headers. What takes longer is a stream: hand it on,
    /// and pass none of it to [`judge`](Self::judge).
    ///
    /// ```
    /// # use token_cache::ApiCall;
    /// # use token_core::reexports::{Bytes, http::response::Parts};
    /// # struct Body;
    /// # impl Body { async fn up_to(&mut self, _: usize) -> Option<Bytes> { None } }
    /// async fn beginning(call: &ApiCall<'_>, head: &Parts, body: &mut Body) -> Option<Bytes> {
    ///     let limit = call.needs_body(head.status, &head.headers)?;
    ///     call.read_in_time(body.up_to(limit)).await?
    /// }
    /// ```
    pub async fn read_in_time<F: Future>(&self, reading: F) -> Option<F::Output> {
        let mut reading = pin!(reading);
        // Nearly always all of it is there, and no timer is needed.
        let read = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await;
        match read {
            Poll::Ready(read) => Some(read),
            Poll::Pending => self.tokens.shared.at_most(LONGEST, reading).await,
        }
    }
}
