//! One vendor's token endpoint: how it is asked and how its answer reads.

pub(crate) mod answer;
pub(crate) mod attempt;
pub(crate) mod base_url;
pub mod json;
pub mod jwt;
pub(crate) mod one_time_grant;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod server_clock;

use std::fmt;
use std::time::Duration;

use http::request::Parts;

use self::answer::Answer;
use self::answer::outcome::Outcome;
use self::attempt::Attempt;
use self::request::Request;
use crate::error::Error;
use crate::token::Token;
use crate::token::key::TokenKey;

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
    /// login: see [`OneTimeGrant`](crate::OneTimeGrant).
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
