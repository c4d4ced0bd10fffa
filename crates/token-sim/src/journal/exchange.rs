//! An entry of the journal: one request and its outcome.

use std::fmt;

/// What a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A first token for long-lived credentials: access key, app secret, password, client
    /// credentials.
    Login,
    /// The next token for the current one.
    Refresh,
    /// A token for a one-time code.
    Redemption,
    /// A one-time code for the user's consent. Not an exchange.
    Authorization,
    /// Introspection (RFC 7662). Not an exchange.
    Introspection,
    /// Revocation (RFC 7009), or a vendor's logout. Not an exchange.
    Revocation,
    /// The protected resource. Not an exchange.
    Resource,
    /// A path that the vendor does not have. Not an exchange.
    Unknown,
    /// A request through a [`FaultProxy`](crate::FaultProxy) in front of another server; counted as
    /// an exchange.
    Foreign,
}

impl Kind {
    /// Returns whether a token was requested, or may have been.
    pub fn is_exchange(self) -> bool {
        matches!(
            self,
            Self::Login | Self::Refresh | Self::Redemption | Self::Foreign
        )
    }
}

/// How the vendor handled a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Not yet known: in progress, delayed or held.
    Pending,
    /// A fault came first; the vendor did not see the request.
    Unasked,
    /// A token was issued.
    Issued {
        /// How many exchanges the grant has had; the first tokens of a grant are generation 1.
        generation: u64,
    },
    /// A valid token was returned again.
    Repeated {
        /// The generation of that token.
        generation: u64,
    },
    /// Refused with the vendor's own code, such as `1001`, `90047` or `invalid_grant`.
    Refused {
        /// The code as text, whatever its type in the vendor's JSON.
        code: String,
    },
    /// Answered; the request was not about a token.
    Answered {
        /// The HTTP status.
        status: u16,
    },
}

impl Outcome {
    pub(crate) fn refused(code: impl fmt::Display) -> Self {
        Self::Refused {
            code: code.to_string(),
        }
    }
}

/// One request and its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The number of the entry, from 1 in the order of arrival. Exchanges and other calls are
    /// numbered separately.
    pub number: usize,
    /// What was asked for.
    pub kind: Kind,
    /// How the vendor handled it.
    pub outcome: Outcome,
    /// Whether the whole answer was written to a socket whose other side was still open.
    pub delivered: bool,
    /// Whether a refresh token or code was presented that had been used before.
    pub reuse: bool,
    /// The grant that it was about; the simulator numbers its grants from 0. `None` if what was
    /// presented belongs to no grant, and for simulators other than
    /// [`OAuth2Server`](crate::OAuth2Server).
    pub grant: Option<usize>,
    /// Distinguishes the secrets that were presented (refresh tokens, codes, passwords): equal
    /// numbers mean equal secrets. The numbers differ between runs.
    pub credential: u64,
    /// The path, without its query.
    pub path: String,
    /// When the request had been read in full, in Unix milliseconds of the simulator's clock.
    pub at_ms: i64,
}

impl Exchange {
    /// Returns whether this exchange issued a new token.
    pub fn is_issued(&self) -> bool {
        matches!(self.outcome, Outcome::Issued { .. })
    }
}
