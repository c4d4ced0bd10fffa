//! Received requests, and the `Date` of answers.

use token_core::Repeatable;
use token_core::reexports::Bytes;
use token_core::reexports::http::Request;
use tokio::time::Instant;

/// A request that the test vendor received.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) path: String,
    pub(crate) presented: String,
    pub(crate) stamp: i64,
    /// Why the exchange was made.
    pub(crate) reason: String,
    pub(crate) at: Instant,
    /// Whether it may be sent over a kept connection.
    pub(crate) is_repeatable: bool,
}

impl ReceivedRequest {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let field = |name: &str| {
            let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .next()
        };
        let spent = ["refresh", "key", "code"].into_iter().find_map(field);
        // The test vendor's paths have one segment, whatever its base URL.
        let path = request.uri().path().rsplit('/').next().unwrap_or_default();
        Self {
            path: format!("/{path}"),
            presented: spent.unwrap_or_default(),
            stamp: field("at")
                .and_then(|at| at.parse().ok())
                .unwrap_or_default(),
            reason: field("reason").unwrap_or_default(),
            at: Instant::now(),
            is_repeatable: request.extensions().get::<Repeatable>().is_some(),
        }
    }
}
