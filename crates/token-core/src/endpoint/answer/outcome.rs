//! What an answer means.

use super::Answer;
use crate::endpoint::request::Request;
use crate::error::Error;
use crate::token::Token;
use crate::token::secret::Secret;
use crate::token::time::Timestamp;

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

impl Answer<'_> {
    /// What an answer comes to that is no refusal: the token; or, where that is unusable, the
    /// refresh token that came with it, so that a rotation is never thrown away.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use token_core::{Answer, BaseUrl, PlainHttp, Request, Secret, ServerOffset, Step, Timestamp, Validity};
    /// use token_core::{Outcome, Token};
    ///
    /// # let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
    /// # let request = Request::post(&base, "/token").form_secret("refresh_token", &Secret::from("R1")).build(Step::Refresh)?;
    /// # let response = http::Response::new(Bytes::from(r#"{"access_token": "", "refresh_token": "R2"}"#));
    /// # let answer = Answer::new(&request, &response, Timestamp::from_unix_seconds(0), ServerOffset::NONE);
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
    /// Why the token is unusable, where there is no new refresh token either.
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
        // One that was sent is an echo, and not a new one.
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
