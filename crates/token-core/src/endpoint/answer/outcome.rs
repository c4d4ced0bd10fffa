//! The meaning of an answer.

use super::Answer;
use crate::endpoint::request::Request;
use crate::error::Error;
use crate::token::Token;
use crate::token::secret::Secret;
use crate::token::time::Timestamp;

/// The meaning of an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A token was issued.
    Issued(Token),
    /// The vendor accepted the exchange and returned a new refresh token, but no usable access
    /// token. The previous refresh token is spent: the engine stores the new one with the old
    /// access token, reports `error`, and uses the new one for the next refresh.
    RefreshTokenOnly {
        /// The new refresh token.
        refresh: Secret,
        /// When the new refresh token expires, if the vendor states it.
        refresh_expires_at: Option<Timestamp>,
        /// Why the access token is unusable.
        error: Error,
    },
    /// The login has another step: send this request.
    Continue(Request),
    /// The vendor refused without acting, and a newly built request may be accepted, such as one
    /// with a later timestamp. The engine retries once, immediately; if it is refused again,
    /// callers receive this error.
    Retry(Error),
}

impl Answer<'_> {
    /// Returns the outcome of an answer that is not a refusal: the token or, if that is unusable,
    /// the refresh token of the answer, so that a rotated refresh token is not discarded.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use token_core::{Answer, BaseUrl, PlainHttp, Request, Secret, ServerOffset, Step};
    /// # use token_core::{Timestamp, Validity};
    /// use token_core::{Outcome, Token};
    ///
    /// # let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
    /// # let request = Request::post(&base, "/token")
    /// #     .form_secret("refresh_token", &Secret::from("R1"))
    /// #     .build(Step::Refresh)?;
    /// # let body = Bytes::from(r#"{"access_token": "", "refresh_token": "R2"}"#);
    /// # let response = http::Response::new(body);
    /// # let asked_at = Timestamp::from_unix_seconds(0);
    /// # let answer = Answer::new(&request, &response, asked_at, ServerOffset::NONE);
    /// # let validity = Validity::new(Timestamp::MIN, Timestamp::MAX);
    /// let document = answer.document()?;
    /// let refresh = document.secret(&["refresh_token"]);
    /// let access = document.secret(&["access_token"]);
    /// let token = access
    ///     .ok_or_else(|| answer.not_understood("the answer has no access token"))
    ///     .and_then(|access| Token::builder(access, validity).refresh(refresh.clone()).build());
    /// let outcome = answer.outcome(token, refresh, None)?;
    /// assert!(matches!(outcome, Outcome::RefreshTokenOnly { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error in `token`, if there is no new refresh token either or the status is not a
    /// success.
    pub fn outcome(
        &self,
        token: Result<Token, Error>,
        refresh: Option<Secret>,
        refresh_expires_at: Option<Timestamp>,
    ) -> Result<Outcome, Error> {
        let error = match token {
            Ok(token) => return Ok(Outcome::Issued(token)),
            Err(error) if error.step().is_some() => error,
            Err(error) => error
                .with_request(self.request())
                .with_status(self.status()),
        };
        // A refresh token that was sent is an echo, not a new one.
        let is_new = |refresh: &Secret| refresh.is_storable() && !self.request().remembers(refresh);
        match refresh
            .filter(is_new)
            .filter(|_| self.status().is_success())
        {
            Some(refresh) => Ok(Outcome::RefreshTokenOnly {
                refresh,
                refresh_expires_at,
                error,
            }),
            None => Err(error),
        }
    }
}
