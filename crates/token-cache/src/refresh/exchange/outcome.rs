//! How long an exchange may take, and what it comes back with.

use std::time::Duration;

use bytes::Bytes;
use token_core::{
    Answer, ClockReading, Error, ErrorKind, Request, Secret, ServerOffset, Step, Timestamp, Token,
};

/// How long an exchange may take in all, and when its request is sent again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) within: Duration,
    pub(crate) retry: RetryPolicy,
}

/// When a request without an answer is sent again at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    /// Never: it has a code or a password.
    Never,
    /// Once, if no byte of it left: it has a single-use refresh token.
    Unsent,
    /// Once: the vendor accepts it twice.
    Once,
}

/// A token that an exchange brought.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) token: Token,
    /// The time just before the request was sent: its life counts from here.
    pub(crate) asked: ClockReading,
    /// Why the access token is unusable: then only the refresh token is new.
    pub(crate) error: Option<Error>,
}

impl Issued {
    pub(crate) fn of(token: Token, asked: ClockReading) -> Self {
        Self {
            token,
            asked,
            error: None,
        }
    }
}

/// What a request came back with.
pub(crate) struct Reply {
    pub(crate) request: Request,
    pub(crate) response: http::Response<Bytes>,
    pub(crate) asked: ClockReading,
    pub(super) offset: ServerOffset,
}

impl Reply {
    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer::new(&self.request, &self.response, self.asked.wall, self.offset)
    }
}

/// Why an exchange brought no token, and whether anything was sent for it.
pub(super) struct ExchangeError {
    pub(super) error: Error,
    pub(super) sent: bool,
}

pub(super) fn refresh_token_only(
    refresh: Secret,
    expires_at: Option<Timestamp>,
    error: Error,
    asked: ClockReading,
) -> Result<Steps, ExchangeError> {
    let token = Token::from_refresh_token(refresh.clone()).map_err(ExchangeError::answered)?;
    // Nothing is in doubt: the refresh token that came is the one to send next, at once.
    let error = match error.kind() {
        ErrorKind::InDoubt => error.as_kind(ErrorKind::Protocol),
        _ => error,
    };
    Ok(Steps::Issued(Issued {
        token: token.with_refresh(refresh, expires_at),
        asked,
        error: Some(error),
    }))
}

impl ExchangeError {
    pub(super) fn answered(error: Error) -> Self {
        Self { error, sent: true }
    }

    /// Returns the failure of a request after `steps` that were answered. Unless the vendor itself
    /// refuses, what those did to a refresh token or a code is unknown.
    pub(super) fn after(self, steps: u32, purpose: Step) -> Self {
        if steps == 0 {
            return self;
        }
        let spends = matches!(purpose, Step::Refresh | Step::Redemption);
        let is_unknown = spends && !self.error.is_vendors_word();
        let error = match is_unknown {
            true => self.error.as_kind(ErrorKind::InDoubt),
            false => self.error,
        };
        Self { error, sent: true }
    }
}

/// How an attempt ended that did not fail.
pub(super) enum Steps {
    Issued(Issued),
    /// The endpoint asks for another attempt, because of this error.
    Retry(Error),
}

/// Returns what an attempt failed with, or why it brought no access token.
pub(super) fn error_of(ended: &Result<Steps, ExchangeError>) -> Option<&Error> {
    match ended {
        Ok(Steps::Issued(issued)) => issued.error.as_ref(),
        Ok(Steps::Retry(error)) => Some(error),
        Err(failed) => Some(&failed.error),
    }
}

impl RetryPolicy {
    pub(super) fn covers(self, failed: &ExchangeError) -> bool {
        match self {
            RetryPolicy::Never => false,
            RetryPolicy::Unsent => !failed.sent,
            RetryPolicy::Once => !failed.sent || failed.error.kind() == ErrorKind::InDoubt,
        }
    }
}
