//! A grant that is sent once.

use std::fmt;

use super::Attempt;
use crate::endpoint::request::Request;
use crate::error::Error;

/// A request that gets a first token from something that must not be sent twice by itself: a
/// one-time code, a person's password.
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
/// It is consumed when it is sent, so no retry can burn the code or count as another failed
/// password.
#[must_use = "nothing is sent before it is redeemed"]
#[expect(
    clippy::type_complexity,
    reason = "an alias would hide what a redemption is"
)]
pub struct OneTimeGrant(Box<dyn FnOnce(&Attempt) -> Result<Request, Error> + Send>);

impl OneTimeGrant {
    /// A redemption from what builds its request.
    pub fn new(build: impl FnOnce(&Attempt) -> Result<Request, Error> + Send + 'static) -> Self {
        Self(Box::new(build))
    }

    /// The one request.
    ///
    /// # Errors
    ///
    /// Where it makes no valid request.
    pub fn into_request(self, attempt: &Attempt) -> Result<Request, Error> {
        (self.0)(attempt)
    }
}

impl fmt::Debug for OneTimeGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeGrant(…)")
    }
}
