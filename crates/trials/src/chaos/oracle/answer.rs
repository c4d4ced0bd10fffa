//! The part of an entry of the vendor's journal that matters.

use token_sim::{Exchange, Kind, Outcome};

/// One request to the vendor, and its outcome.
#[derive(Clone, Debug)]
pub(in crate::chaos) struct Answer {
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
    pub(super) delivered: bool,
    /// The vendor's number of the grant; `None` if it never saw the request.
    pub(super) grant: Option<usize>,
    /// Distinguishes refresh tokens.
    pub(super) credential: u64,
    pub(super) at_ms: i64,
}

impl From<&Exchange> for Answer {
    fn from(exchange: &Exchange) -> Self {
        Self {
            kind: exchange.kind,
            outcome: exchange.outcome.clone(),
            delivered: exchange.delivered,
            grant: exchange.grant,
            credential: exchange.credential,
            at_ms: exchange.at_ms,
        }
    }
}

impl Answer {
    pub(super) fn is_issued(&self) -> bool {
        matches!(self.outcome, Outcome::Issued { .. })
    }

    pub(super) fn is_refused_refresh(&self) -> bool {
        self.kind == Kind::Refresh && matches!(self.outcome, Outcome::Refused { .. })
    }

    /// Returns whether a code was redeemed.
    pub(super) fn begins_a_grant(&self) -> bool {
        self.kind == Kind::Redemption && self.is_issued()
    }
}
