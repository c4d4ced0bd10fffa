//! Maps errors of a connection.

use token_core::{SendError, SendFailure};

use crate::connection::NoHead;
use crate::parts::{Finding, broken_http, has_too_many_headers, socket_failure, tls_failure};

/// Why a connection brought no answer.
pub(crate) enum NotAnswered {
    /// The server has read nothing of the request.
    Unsent(SendError),
    /// The answer has more headers than can be read on it.
    TooManyHeaders(SendError),
    Failed(SendError),
}

impl NotAnswered {
    pub(crate) fn of(failed: &NoHead) -> Self {
        let finding = find(&failed.error);
        if failed.is_unsent {
            return Self::Unsent(finding.before_sending());
        }
        match has_too_many_headers(&failed.error) {
            true => Self::TooManyHeaders(finding.maybe_sent()),
            false => Self::Failed(finding.maybe_sent()),
        }
    }
}

/// Maps an error in the middle of the answer.
pub(crate) fn cut_answer(error: &hyper::Error) -> SendError {
    find(error).maybe_sent()
}

/// Returns the most specific cause.
fn find(error: &hyper::Error) -> Finding {
    tls_failure(error)
        .or_else(|| socket_failure(error, false))
        .or_else(|| broken_http(error))
        .unwrap_or(Finding::bare(SendFailure::Other))
}
