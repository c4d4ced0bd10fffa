//! An attempt at an exchange, and the purposes of its requests.

use std::fmt;

use crate::token::time::Timestamp;

/// The time and the nonce that a request is built with, and the reason for it.
#[derive(Clone, Copy)]
pub struct Attempt {
    now: Timestamp,
    nonce: [u8; 16],
    reason: Reason,
}

/// Why an exchange is made.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// There is no token yet, or none that is left.
    First,
    /// The token is due for a refresh, or has expired.
    Due,
    /// A caller asked for another token, however fresh the current one is.
    Requested,
    /// An API refused the token: a vendor that repeats its live token may have to be asked for a
    /// new one in another way.
    Refused,
}

impl Attempt {
    /// Creates an attempt, with the reason [`Due`](Reason::Due). `now` *must* be corrected by the
    /// offset of the server's clock and later than that of every earlier attempt, by at least a
    /// millisecond. `nonce` *must* be unpredictable.
    pub fn new(now: Timestamp, nonce: [u8; 16]) -> Self {
        Self {
            now,
            nonce,
            reason: Reason::Due,
        }
    }

    /// Sets the reason.
    #[must_use]
    pub fn with_reason(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }

    /// Returns why the exchange is made. A request that is not part of an exchange, such as an API
    /// request, has the reason [`Due`](Reason::Due).
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the time by the server's clock, which strictly increases in milliseconds from
    /// attempt to attempt.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns 16 random bytes.
    pub fn nonce(&self) -> [u8; 16] {
        self.nonce
    }

    /// Returns the nonce as 16 characters of `A-Z a-z 0-9 - _`, for vendors that require a random
    /// string.
    pub fn nonce_text(&self) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        self.nonce
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 64)))
            .map(|c| char::from(*c))
            .collect()
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attempt({:?})", self.now)
    }
}

/// The purpose of a request.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Obtains a first token from long-lived credentials.
    Login,
    /// Exchanges the current token for the next.
    Refresh,
    /// Exchanges a one-time code or a user's password for a first token; sent once.
    Redemption,
    /// Revokes a token.
    Revocation,
    /// Asks the vendor whether a token is active (RFC 7662).
    Introspection,
    /// A later step of a login with several requests, by the endpoint's name for it.
    Further(&'static str),
    /// Calls an API with the token.
    Api,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Redemption => "redemption",
            Self::Revocation => "revocation",
            Self::Introspection => "introspection",
            Self::Further(name) => name,
            Self::Api => "API request",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_text_is_sixteen_characters_and_is_not_shown() {
        let attempt = Attempt::new(Timestamp::from_unix_seconds(1), *b"0123456789abcdef");
        assert_eq!(attempt.nonce_text().len(), 16);
        assert!(!format!("{attempt:?}").contains(&attempt.nonce_text()));
    }
}
