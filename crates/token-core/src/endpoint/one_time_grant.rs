//! A grant that is sent only once.

use std::fmt;

use super::Attempt;
use crate::endpoint::request::Request;
use crate::error::Error;

/// A grant whose request must not be retried automatically: a one-time code (RFC 6749 section
/// 4.1.3) or a user's password (section 4.3.2).
///
/// ```
/// use token_core::{Attempt, BaseUrl, PlainHttp, OneTimeGrant, Request, Secret, Step, Timestamp};
///
/// let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
/// let code = Secret::from("one-time");
/// let redemption = OneTimeGrant::new(move |_attempt| {
///     Request::post(&base, "/token").form_secret("code", &code).build(Step::Redemption)
/// });
/// let request = redemption.into_request(&Attempt::new(Timestamp::from_unix_seconds(0), [0; 16]))?;
/// assert_eq!(request.step(), Step::Redemption);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is consumed when the request is built, so that no retry can use the code again or count as
/// another failed password.
#[must_use = "nothing is sent before it is redeemed"]
#[expect(
    clippy::type_complexity,
    reason = "an alias would hide what a redemption is"
)]
pub struct OneTimeGrant(Box<dyn FnOnce(&Attempt) -> Result<Request, Error> + Send>);

impl OneTimeGrant {
    /// Creates a grant from the function that builds its request.
    pub fn new(build: impl FnOnce(&Attempt) -> Result<Request, Error> + Send + 'static) -> Self {
        Self(Box::new(build))
    }

    /// Builds the request.
    ///
    /// # Errors
    ///
    /// The error of the function given to [`new`](Self::new).
    pub fn into_request(self, attempt: &Attempt) -> Result<Request, Error> {
        (self.0)(attempt)
    }
}

impl fmt::Debug for OneTimeGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeGrant(…)")
    }
}
