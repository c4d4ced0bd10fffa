//! An entry of the journal: one request and what came of it.

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
    /// RFC 7662. Not an exchange.
    Introspection,
    /// RFC 7009, or a vendor's logout. Not an exchange.
    Revocation,
    /// The protected resource. Not an exchange.
    Resource,
    /// A path that the vendor does not have. Not an exchange.
    Unknown,
    /// A request through a [`FaultProxy`](crate::FaultProxy) in front of somebody else's server;
    /// counted as an exchange.
    Foreign,
}

impl Kind {
    /// Whether a token was asked for, or may have been.
    pub fn is_exchange(self) -> bool {
        matches!(
            self,
            Self::Login | Self::Refresh | Self::Redemption | Self::Foreign
        )
    }
}

/// How a request ended at the vendor's side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Not yet known: under way, delayed or held.
    Pending,
    /// A fault came first; the vendor never saw the request.
    Unasked,
    /// A token was issued, this many exchanges into its lineage: the first of a lineage is
    /// generation 1.
    Issued {
        /// Counts from 1.
        generation: u64,
    },
    /// A token that lives already was given again.
    Repeated {
        /// The generation of the living token.
        generation: u64,
    },
    /// Refused with the vendor's own code, such as `1001`, `90047` or `invalid_grant`.
    Refused {
        /// The code as text, whatever its type in the vendor's JSON.
        code: String,
    },
    /// Answered, and no token was in question.
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
    /// Counts from 1 in the order of arrival. Exchanges and other calls are counted apart.
    pub number: usize,
    /// What was asked for.
    pub kind: Kind,
    /// How it ended at the vendor's side.
    pub outcome: Outcome,
    /// Whether the whole answer was written to a socket whose other side was still open.
    pub delivered: bool,
    /// Whether a refresh token or code was presented that had been spent before.
    pub reuse: bool,
    /// Which grant it was about; the simulator's grants count from 0. `None` if what was presented
    /// belongs to none, and at simulators other than [`OAuth2Server`](crate::OAuth2Server).
    pub grant: Option<usize>,
    /// Tells secrets that were presented (refresh tokens, codes, passwords) apart: equal numbers,
    /// equal secrets. It differs from run to run.
    pub credential: u64,
    /// The path, without its query.
    pub path: String,
    /// When the request had been read in full, in Unix milliseconds of the simulator's clock.
    pub at_ms: i64,
}

impl Exchange {
    /// Whether this exchange gave out a token that had not been given before.
    pub fn is_issued(&self) -> bool {
        matches!(self.outcome, Outcome::Issued { .. })
    }
}
