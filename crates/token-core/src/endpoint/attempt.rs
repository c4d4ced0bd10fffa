//! An attempt at an exchange, and what its requests are for.

use std::fmt;

use crate::token::time::Timestamp;

/// What a request is built from that is not pure: the instant and a nonce.
#[derive(Clone, Copy)]
pub struct Attempt {
    now: Timestamp,
    nonce: [u8; 16],
}

impl Attempt {
    /// An attempt. The engine *must* give an instant that is corrected by the server's clock and
    /// later, in milliseconds, than that of every attempt before, and a nonce that nobody can
    /// guess.
    pub fn new(now: Timestamp, nonce: [u8; 16]) -> Self {
        Self { now, nonce }
    }

    /// The instant by the server's clock, strictly increasing in milliseconds from attempt to
    /// attempt.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Sixteen random bytes.
    pub fn nonce(&self) -> [u8; 16] {
        self.nonce
    }

    /// The nonce as sixteen characters of `A-Z a-z 0-9 - _`, for vendors that want a random text.
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

/// What a request of an exchange is for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Gets a first token from long-lived credentials.
    Login,
    /// Turns the current token into the next.
    Refresh,
    /// Turns a one-time code or a person's password into a first token; sent once.
    Redemption,
    /// Tells the vendor that a token is to die.
    Revocation,
    /// Asks the vendor whether a token lives.
    Introspection,
    /// A later step of a login of several; the endpoint's own name for it.
    Further(&'static str),
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
