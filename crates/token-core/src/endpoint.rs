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
/// # What to do for a vendor …
///
/// * **with a login only**: `refresh` returns the request of the login, with
///   [`Step::Login`](crate::Step::Login), and `rotation` is [`Rotation::Idempotent`]: nothing is
///   spent. If a login ends the session before it, so says
///   [`exchange_ends_old_token`](Self::exchange_ends_old_token).
/// * **whose login takes several requests** (five at most): `read` returns [`Outcome::Continue`]
///   with the next request, of the step [`Further`](crate::Step::Further) with a name of its own,
///   and tells the answers apart by [`Answer::request`]. The second example below does both.
/// * **whose login brings a refresh token back**: declare the rotation of the refresh, as if there
///   were no login. The login is the way out if the refresh token is refused.
/// * **whose rotation is not documented**: declare [`Rotation::SingleUse`]. It costs a pause after
///   a lost answer; the others can cost the grant.
/// * **that repeats its token while it lives**: set
///   [`Validity::not_refreshed_before`](crate::Validity::not_refreshed_before) to when it issues
///   another. Otherwise each exchange before that is in vain, and the engine repeats it after a
///   quarter of the life that is left. [`Attempt::reason`] tells whether an API refused the token.
/// * **with signed requests**: build the request, then [sign](Request::sign) it. API requests are
///   signed by [`authorize`](Self::authorize).
/// * **with nested JSON**: [`RequestBuilder::json_value`](crate::RequestBuilder::json_value), and
///   [`remember`](crate::RequestBuilder::remember) for each secret in it.
/// * **that takes the token in the query, in a form, or in a header of its own**: give the token a
///   [`TokenPlacement`](crate::TokenPlacement); `authorize` puts it there.
/// * **whose APIs refuse a token with HTTP status 200 or 400 and a code**: [`judge`](Self::judge),
///   with [`judge_needs_body`](Self::judge_needs_body).
/// * **whose session ends when it is not used**:
///   [`Validity::sliding`](crate::Validity::sliding). Uses are counted from the verdicts that an
///   adapter, `ApiCall` or `with_token` reports; a program that only takes the token reports none.
/// * **with plain http**, such as a device on a local network: [`BaseUrl`](crate::BaseUrl) refuses
///   it unless the program allows it. The server's `Date` is then not believed, so that a signed
///   timestamp needs a local clock that is right. The token may be sent to the endpoint's
///   [origins](Self::api_origins); other APIs over plain http are named by their origin, since
///   `api_url` takes `https://` only.
///
/// # Examples
///
/// A fictional vendor whose refresh expects the token in the query, and which returns
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
///
/// A vendor with a login only, in two requests: the first returns a challenge, and the second a
/// session that ends half an hour after its last use and is sent in the query.
///
/// ```
/// # use {bytes::Bytes, std::time::Duration, token_core::*};
/// # #[derive(Debug)] struct Door { base: BaseUrl, api_key: Secret }
/// impl TokenEndpoint for Door {
/// #   fn key(&self) -> TokenKey { TokenKey::of("door", &self.base.deployment(), "default") }
///     fn rotation(&self) -> Rotation {
///         Rotation::Idempotent
///     }
///
///     fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
///         Some(Request::post(&self.base, "/challenge").build(Step::Login))
///     }
///
///     fn refresh(&self, _token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
///         Request::post(&self.base, "/challenge").build(Step::Login)
///     }
///
///     fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
///         let document = answer.document()?;
///         let secret = |name| {
///             let absent = || answer.not_understood("the answer lacks a field");
///             document.secret(&[name]).ok_or_else(absent)
///         };
///         if answer.request().step() == Step::Login {
///             let request = Request::post(&self.base, "/session")
///                 .json_secret("challenge", &secret("challenge")?)
///                 .json_secret("key", &self.api_key);
///             return Ok(Outcome::Continue(request.build(Step::Further("session"))?));
///         }
///         let validity = Validity::sliding(answer.asked_at(), Duration::from_secs(1800));
///         let session = Token::builder(secret("session")?, validity)
///             .placement(TokenPlacement::Query("session".into()));
///         Ok(Outcome::Issued(session.build()?))
///     }
/// }
/// # let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
/// # let door = Door { base, api_key: Secret::from("K") };
/// # let now = Timestamp::from_unix_seconds(1_700_000_000);
/// # let attempt = Attempt::new(now, [7; 16]);
/// # let read = |request: &Request, body: &'static str| {
/// #     let response = http::Response::new(Bytes::from(body));
/// #     door.read(&Answer::new(request, &response, now, ServerOffset::NONE), &attempt)
/// # };
/// # let login = door.login(&attempt).unwrap()?;
/// # let Outcome::Continue(second) = read(&login, r#"{"challenge": "C"}"#)? else { panic!() };
/// # assert_eq!(second.to_http().body().as_ref(), br#"{"challenge":"C","key":"K"}"#);
/// # let Outcome::Issued(token) = read(&second, r#"{"session": "S"}"#)? else { panic!() };
/// # assert_eq!(token.validity().idle(), Some(Duration::from_secs(1800)));
/// # assert!(token.header().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
