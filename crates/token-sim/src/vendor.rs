//! The rules of one vendor: from a request and the time to an answer.

use std::fmt;

use crate::answer::Answer;
use crate::api_refusal::ApiRefusal;
use crate::call::Call;
use crate::journal::{Kind, Outcome, Settled};

/// The rules of one vendor.
pub(crate) trait Vendor: Default + Send + Sync + 'static {
    /// The tokens that were issued.
    type Tokens: Tokens;

    /// What else the server keeps between requests.
    type More: Default + Send;

    /// The name of the server in `Debug`.
    const NAME: &'static str;

    /// Returns what a request asks for, unless it is for the protected resource.
    fn kind(&self, call: &Call) -> Kind;

    /// Acts on a request and answers it. `now` is in Unix milliseconds.
    fn serve(&self, state: &mut State<Self>, kind: Kind, call: &Call, now: i64) -> Reply;

    /// Returns a refusal in the vendor's format with this text.
    fn refusal(&self, text: &str) -> Answer;

    /// Returns the refusal of an API request in the vendor's format.
    fn refuse(&self, why: ApiRefusal) -> Reply;

    /// Issues tokens without a request.
    fn grant(&self, state: &mut State<Self>, now: i64) -> Issued;
}

/// What a server keeps between requests.
#[derive(Default)]
pub(crate) struct State<V: Vendor> {
    pub(crate) tokens: V::Tokens,
    /// Whether the account is disabled.
    pub(crate) disabled: bool,
    /// Why the resource refuses the next request.
    pub(crate) refuse_next: Option<ApiRefusal>,
    pub(crate) more: V::More,
}

/// The tokens that a server issued.
pub(crate) trait Tokens: Default + Send {
    /// Revokes all access tokens issued so far.
    fn revoke_access(&mut self);

    /// Revokes all refresh tokens issued so far.
    fn revoke_refresh(&mut self);
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

    /// Returns 429 without a code, for vendors that document none.
    pub(crate) fn too_many_requests() -> Self {
        Self::answered(Answer::new(429).header("retry-after", "1"))
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

    /// Replaces the status of a refusal by the resource. With a success, only the body says that it
    /// is a refusal.
    pub(crate) fn refused_by_resource_with(self, status: Option<u16>) -> Self {
        let is_success = status.is_some_and(|status| (200..300).contains(&status));
        let mut reply = self.refused_with(status);
        if is_success {
            reply
                .answer
                .headers_mut()
                .remove(http::header::WWW_AUTHENTICATE);
        }
        reply
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

/// A vendor's numeric code for a refusal, and its text.
#[derive(Clone, Copy)]
pub(crate) struct Refusal(pub(crate) i64, pub(crate) &'static str);

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
