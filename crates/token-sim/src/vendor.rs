//! The rules of one vendor: from a request and the time to an answer.

use std::fmt;

use crate::answer::Answer;
use crate::call::Call;
use crate::journal::{Kind, Outcome, Settled};

/// The rules of one vendor, and the state that its server keeps between requests.
pub(crate) trait Vendor: Default + Send + Sync + 'static {
    /// The state that requests change.
    type State: Default + Send;

    /// The name of the server in `Debug`.
    const NAME: &'static str;

    /// Returns what a request asks for, unless it is for the protected resource.
    fn kind(&self, call: &Call) -> Kind;

    /// Acts on a request and answers it. `now` is in Unix milliseconds.
    fn serve(&self, state: &mut Self::State, kind: Kind, call: &Call, now: i64) -> Reply;

    /// Returns a refusal in the vendor's format with this text.
    fn refusal(&self, text: &str) -> Answer;

    /// Issues tokens without a request.
    fn grant(&self, state: &mut Self::State, now: i64) -> Issued;

    /// Revokes all access tokens issued so far.
    fn revoke_access(&self, state: &mut Self::State);

    /// Revokes all refresh tokens issued so far.
    fn revoke_refresh(&self, state: &mut Self::State);

    /// Disables or enables the account.
    fn set_disabled(&self, state: &mut Self::State, disabled: bool);
}

/// An answer, and what it means.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) settled: Settled,
}

impl Reply {
    pub(crate) fn new(answer: Answer, outcome: Outcome) -> Self {
        let settled = outcome.into();
        Self { answer, settled }
    }

    pub(crate) fn issued(answer: Answer, generation: u64) -> Self {
        Self::new(answer, Outcome::Issued { generation })
    }

    pub(crate) fn repeated(answer: Answer, generation: u64) -> Self {
        Self::new(answer, Outcome::Repeated { generation })
    }

    pub(crate) fn refused(answer: Answer, code: impl fmt::Display) -> Self {
        Self::new(answer, Outcome::refused(code))
    }

    pub(crate) fn answered(answer: Answer) -> Self {
        let status = answer.status();
        Self::new(answer, Outcome::Answered { status })
    }

    pub(crate) fn not_found() -> Self {
        Self::answered(Answer::new(404))
    }

    /// Replaces the status of a refusal, if one is passed; leaves any other reply as it is.
    pub(crate) fn refused_with(mut self, status: Option<u16>) -> Self {
        if let (Some(status), Outcome::Refused { .. }) = (status, &self.settled.outcome) {
            self.answer = self.answer.with_status(status);
        }
        self
    }

    pub(crate) fn reuse(mut self, reuse: bool) -> Self {
        self.settled.reuse = reuse;
        self
    }

    /// Sets the grant that the request was about.
    pub(crate) fn about(mut self, grant: Option<usize>) -> Self {
        self.settled.grant = grant;
        self
    }
}

/// Tokens that a simulator issued without a request. `Debug` shows none of them.
#[derive(Clone)]
pub struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_at_ms: i64,
}

impl Issued {
    /// Returns the access token, as in the vendor's answer.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// Returns the refresh token, if the vendor has one besides the access token.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_deref()
    }

    /// Returns when the access token expires, in Unix milliseconds of the simulator's clock.
    pub fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("expires_at_ms", &self.expires_at_ms)
            .finish_non_exhaustive()
    }
}
