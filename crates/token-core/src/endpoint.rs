//! A vendor's token endpoint: its requests, and what its answers mean.

pub(crate) mod answer;
pub(crate) mod attempt;
pub(crate) mod base_url;
mod blanket;
pub(crate) mod exchange;
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
use crate::api::body::ApiBody;
use crate::api::origin::ApiOrigin;
use crate::api::verdict::{ApiResponse, ApiVerdict};
use crate::error::Error;
use crate::token::Token;
use crate::token::key::TokenKey;

/// A vendor's token endpoint, without I/O.
///
/// An implementation *must not* read a clock, perform I/O, mutate state, or generate random
/// numbers: the time and a nonce are in the [`Attempt`] and the [`Answer`]. It *must* build a new
/// request for every attempt, since a vendor may refuse a repeated timestamp. It *must* put every
/// secret into the request through the methods that remember it. Its `Debug` *must not* show a
/// secret.
///
/// * **A vendor with a login only**: `refresh` returns the request of the login, with
///   [`Step::Login`](crate::Step::Login), and `rotation` is [`Rotation::Idempotent`].
/// * **A login in several requests**: `read` returns [`Outcome::Continue`] with the next request,
///   of the step [`Further`](crate::Step::Further) with a name of its own, and tells the answers
///   apart by [`Answer::request`].
/// * **A login that brings a refresh token back**: declare the rotation of the refresh, as if there
///   were no login. The login is the way out if the refresh token is refused.
/// * **Rotation not documented**: declare [`Rotation::SingleUse`]. It costs a pause after a lost
///   answer; the others can cost the grant.
/// * **A token that the vendor repeats while it lives**: set
///   [`Validity::not_refreshed_before`](crate::Validity::not_refreshed_before), or the exchange is
///   made in vain. [`Attempt::reason`] tells whether an API refused the token.
/// * **A signed request**: build it, then [sign](Request::sign) it.
/// * **A token without a stated lifetime that ends when it is not used**: see
///   [`Validity::sliding`](crate::Validity::sliding).
/// * **Plain http** is refused by [`BaseUrl`](crate::BaseUrl) unless the program allows it; the
///   server's `Date` is then not believed.
///
/// A fictional vendor that expects the token in the query and returns
/// `{"token": …, "ttl": seconds}`:
///
/// ```
/// use std::time::Duration;
/// use token_core::{
///     Answer, Attempt, BaseUrl, Error, ErrorKind, Outcome, Request, Rotation, Secret, Step, Token,
///     TokenEndpoint, TokenKey,
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
///         let request = Request::post(&self.base, "/login").form_secret("key", &self.api_key);
///         Some(request.build(Step::Login))
///     }
///
///     fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
///         Request::get(&self.base, "/refresh")
///             .query_secret("token", token.access())
///             .build(Step::Refresh)
///     }
///
///     fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
///         let document = answer.document()?;
///         let Some(access) = document.secret(&["token"]) else {
///             let message = document.text(&["error"]).unwrap_or_default();
///             return Err(answer.refused(ErrorKind::Rejected, "", message));
///         };
///         let lifetime = answer.lifetime().seconds(&document, &["ttl"]);
///         let validity = lifetime.validity(answer.renewal(None, true), Duration::from_secs(600));
///         Ok(Outcome::Issued(Token::builder(access, validity).build()?))
///     }
/// }
/// ```
pub trait TokenEndpoint: fmt::Debug + Send + Sync + 'static {
    /// Returns the name of the grant in stores, logs and metrics. Endpoints with the same key share
    /// a token. The key *must not* contain a secret.
    fn key(&self) -> TokenKey;

    /// Returns what a refresh does to the refresh token that it spends.
    fn rotation(&self) -> Rotation;

    /// Returns whether an exchange invalidates the access token that it replaces. If so, callers
    /// wait for the exchange instead of receiving the old token meanwhile, and a refresh is not
    /// made earlier than needed. Default: `false`.
    fn exchange_ends_old_token(&self) -> bool {
        false
    }

    /// Builds the request that obtains a first token from long-lived credentials and may be
    /// repeated at any time (such as RFC 6749 section 4.4); `None` if there is none. A user's
    /// password and a one-time code are not such credentials: see
    /// [`OneTimeGrant`](crate::OneTimeGrant).
    ///
    /// # Errors
    ///
    /// If the configuration does not result in a valid request.
    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>>;

    /// Builds the request that exchanges the current token for the next (RFC 6749 section 6).
    ///
    /// # Errors
    ///
    /// If the token cannot be refreshed ([`ErrorKind::Rejected`](crate::ErrorKind::Rejected): it
    /// has no refresh token) or does not result in a valid request.
    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error>;

    /// Reads the answer to a request of this endpoint, which is [`Answer::request`]. It *must not*
    /// panic, whatever was received. `attempt` has the time and the nonce for a further request
    /// ([`Outcome::Continue`]), such as a second step that is signed.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or an answer that cannot be understood.
    fn read(&self, answer: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error>;

    /// Returns where the vendor's APIs are. The token is sent to these origins, to those that the
    /// program names, and to no others. Default: none, so that the program must name them.
    fn api_origins(&self) -> Vec<ApiOrigin> {
        Vec::new()
    }

    /// Adds the token to an API request, and signs the request if the vendor requires that. It may
    /// change headers, the URI and the body; if it fails, it *must* leave all of them unchanged.
    /// Applied to its own result, with another token, it *must* replace what it added. Default:
    /// [puts the token](Token::put_on) where its placement says.
    ///
    /// # Errors
    ///
    /// If the request cannot be signed.
    fn authorize(
        &self,
        token: &Token,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
        attempt: &Attempt,
    ) -> Result<(), Error> {
        let _ = attempt;
        token.put_on(request, body)
    }

    /// Returns what the answer of an API says about the token. Many vendors refuse a token with a
    /// code in a body of HTTP status 200. Only a refusal that means "not carried out" is
    /// [`TokenRefused`](ApiVerdict::TokenRefused), since the request is then sent again. Default:
    /// [RFC 6750 section 3](ApiResponse::bearer_verdict).
    ///
    /// ```
    /// use token_core::{ApiResponse, ApiVerdict};
    ///
    /// fn judge(response: &ApiResponse<'_>) -> ApiVerdict {
    ///     let document = response.document();
    ///     match document.and_then(|document| document.code(&["code"])).as_deref() {
    ///         Some("91001" | "91004") => ApiVerdict::TokenRefused,
    ///         _ => response.bearer_verdict(),
    ///     }
    /// }
    /// ```
    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        response.bearer_verdict()
    }

    /// Returns how many bytes of the body [`judge`](Self::judge) needs at most; `None` if it judges
    /// by the status and the headers, which are all that `response` contains. A longer body is not
    /// kept in memory, and is judged without. Default: `None`.
    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        let _ = response;
        None
    }

    /// Builds the request that revokes this token at a logout (such as RFC 7009); `None` if the
    /// vendor has none. Default: `None`.
    ///
    /// # Errors
    ///
    /// If the token does not result in a valid request.
    fn revoke(&self, token: &Token, attempt: &Attempt) -> Option<Result<Request, Error>> {
        let _ = (token, attempt);
        None
    }
}

/// What a refresh does to the refresh token that it spends, which decides when the same refresh
/// token may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// The same refresh token can be sent any number of times.
    Idempotent,
    /// The spent refresh token can be sent again during this grace period.
    Grace(Duration),
    /// The refresh token is single-use: sending a spent one again may revoke the whole grant (RFC
    /// 9700 section 4.14.2).
    SingleUse,
}
