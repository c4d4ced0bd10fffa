//! One vendor's token endpoint: how it is asked and how its answer reads.

use std::fmt;
use std::time::Duration;

use http::request::Parts;

use crate::answer::Answer;
use crate::error::Error;
use crate::request::Request;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::token::Token;

mod key;
mod redemption;

pub use key::TokenKey;
pub use redemption::OneTimeGrant;

/// A vendor's token endpoint, as pure functions.
///
/// An implementation *must not* read a clock, do I/O, hold mutable state, or make randomness: all
/// of that comes with the [`Attempt`] and the [`Answer`]. It *must* build a request anew for every
/// attempt, since a vendor may refuse a repeated timestamp. It *must* put every secret into the
/// request through the methods that remember it. Its `Debug` *must not* show a secret.
///
/// A made-up vendor that takes its token in the query and answers `{"token": …, "ttl": seconds}`:
///
/// ```
/// use std::time::Duration;
/// use token_core::{
///     Answer, Attempt, BaseUrl, Error, ErrorKind, TokenKey, Outcome, Request, Rotation, Secret, Step, Token, TokenEndpoint,
/// };
///
/// #[derive(Debug)]
/// struct Acme {
///     base: BaseUrl,
///     api_key: Secret,
/// }
///
/// impl TokenEndpoint for Acme {
///     fn key(&self) -> TokenKey {
///         TokenKey::of("acme", &self.base.deployment(), "default")
///     }
///
///     fn rotation(&self) -> Rotation {
///         Rotation::Idempotent
///     }
///
///     fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
///         Some(Request::post(&self.base, "/login").form_secret("key", &self.api_key).build(Step::Login))
///     }
///
///     fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
///         Request::get(&self.base, "/refresh").query_secret("token", token.access()).build(Step::Refresh)
///     }
///
///     fn read(&self, answer: &Answer<'_>) -> Result<Outcome, Error> {
///         let document = answer.document()?;
///         let Some(access) = document.secret(&["token"]) else {
///             return Err(answer.refused(ErrorKind::Rejected, "", document.text(&["error"]).unwrap_or_default()));
///         };
///         let lifetime = answer.lifetime().seconds(&document, &["ttl"]);
///         let validity = lifetime.validity(answer.renewal(None, true), Duration::from_secs(600));
///         Ok(Outcome::Issued(Token::builder(access, validity).build()?))
///     }
/// }
/// ```
pub trait TokenEndpoint: fmt::Debug + Send + Sync + 'static {
    /// Names the grant in stores, logs and metrics. Two endpoints with one key share one token. No
    /// secret in it.
    fn key(&self) -> TokenKey;

    /// What a refresh does to the refresh token that it spends.
    fn rotation(&self) -> Rotation;

    /// Whether an exchange ends the access token that it replaces. Callers then wait for the
    /// exchange instead of getting the old token meanwhile, and a refresh is not made earlier than
    /// needed. Default: `false`.
    fn exchange_ends_old_token(&self) -> bool {
        false
    }

    /// The request that gets a first token from long-lived credentials, and may be repeated at any
    /// time; `None` where the vendor has none. A person's password and a one-time code are no
    /// login: see [`OneTimeGrant`].
    ///
    /// # Errors
    ///
    /// Where the configuration makes no valid request.
    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>>;

    /// The request that turns the current token into the next.
    ///
    /// # Errors
    ///
    /// Where the token cannot be refreshed ([`ErrorKind::Rejected`](crate::ErrorKind::Rejected): it
    /// has no refresh token) or makes no valid request.
    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error>;

    /// Reads the answer to any request of this endpoint; [`Answer::request`] tells which. It *must
    /// not* panic, whatever came.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or an answer that cannot be understood.
    fn read(&self, answer: &Answer<'_>) -> Result<Outcome, Error>;

    /// Puts the token on an API request, whose body is `body`; signs it where the vendor wants
    /// that. Unless the vendor signs, the header that the token [is carried in](Token::header) is
    /// all there is to it.
    ///
    /// # Errors
    ///
    /// Where the request cannot be signed.
    fn authorize(
        &self,
        token: &Token,
        request: &mut Parts,
        body: &[u8],
        attempt: &Attempt,
    ) -> Result<(), Error> {
        let _ = (body, attempt);
        let (name, value) = token.header();
        request.headers.insert(name, value.clone());
        Ok(())
    }

    /// The request that tells the vendor to kill this token, for a logout; `None` where the vendor
    /// has none.
    ///
    /// # Errors
    ///
    /// Where it makes no valid request.
    fn revoke(&self, token: &Token, attempt: &Attempt) -> Option<Result<Request, Error>> {
        let _ = (token, attempt);
        None
    }
}

/// What a refresh does to the refresh token that it spends, which decides when it is safe to send
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// The same refresh token can be sent again and again.
    Idempotent,
    /// The spent token can be sent again for so long.
    Grace(Duration),
    /// The spent token is dead at once; sending it again may kill the whole grant.
    SingleUse,
}

/// What an answer means.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A token.
    Issued(Token),
    /// The vendor accepted the exchange and sent a readable refresh token, but no usable access
    /// token. The refresh token in hand is spent: the engine keeps the new one beside the old
    /// access token, reports `error`, and spends the new one next.
    RefreshTokenOnly {
        /// The new refresh token.
        refresh: Secret,
        /// When the new refresh token ends, if the vendor says so.
        refresh_expires_at: Option<Timestamp>,
        /// Why the access token is unusable.
        error: Error,
    },
    /// The login has a further step: send this.
    Continue(Request),
    /// The vendor refused without acting, and the same request built anew may pass, such as with a
    /// later timestamp. The engine tries once more at once; a second such answer is this error.
    Retry(Error),
}

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
