//! The lifetime of a token, as its answer states it. An odd lifetime is no reason to discard a
//! token.

use std::time::Duration;

use super::{Answer, date};
use crate::endpoint::json::Document;
use crate::endpoint::jwt;
use crate::token::expiry::Validity;
use crate::token::secret::Secret;
use crate::token::time::Timestamp;

/// The maximum lifetime. A larger number is a mistake, such as milliseconds given as seconds.
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 366 * 86_400);

/// The lifetime that an answer states for a token. The earliest expiry is used; one that is
/// unreadable, zero or in the past is reported as an [oddity](Self::oddity).
///
/// ```
/// use bytes::Bytes;
/// use std::time::Duration;
/// use token_core::{Answer, BaseUrl, PlainHttp, Renewal, Request, ServerOffset, Step, Timestamp};
///
/// let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
/// let request = Request::post(&base, "/token").build(Step::Refresh)?;
/// let body = Bytes::from(r#"{"expires_in": "7200", "expires_on": 1700003600}"#);
/// let response = http::Response::new(body);
/// let asked_at = Timestamp::from_unix_seconds(1_700_000_000);
/// let answer = Answer::new(&request, &response, asked_at, ServerOffset::NONE);
///
/// let document = answer.document()?;
/// let lifetime = answer
///     .lifetime()
///     .seconds(&document, &["expires_in"])
///     .instant(&document, &["expires_on"]);
/// let validity = lifetime.validity(Renewal::RefreshToken, Duration::from_secs(3600));
/// assert_eq!(validity.expires_at(), Timestamp::from_unix_seconds(1_700_003_600));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Clone, Copy, Debug)]
pub struct Lifetime<'a> {
    answer: &'a Answer<'a>,
    end: Option<Timestamp>,
    is_over: bool,
    is_unreadable: bool,
    refresh_at: Option<Timestamp>,
}

/// What obtains the next token when this one expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// A refresh token, of this answer or of an earlier one.
    RefreshToken,
    /// A login that can be repeated.
    Login,
    /// Nothing: a user has to log in.
    Nothing,
}

impl Answer<'_> {
    /// Returns an empty lifetime, to which the fields of the answer are added.
    pub fn lifetime(&self) -> Lifetime<'_> {
        Lifetime {
            answer: self,
            end: None,
            is_over: false,
            is_unreadable: false,
            refresh_at: None,
        }
    }

    /// Returns what obtains the next token after the one in this answer. `refresh` is the refresh
    /// token of this answer.
    pub fn renewal(&self, refresh: Option<&Secret>, has_login: bool) -> Renewal {
        if refresh.is_some() || self.request().step() == crate::endpoint::attempt::Step::Refresh {
            return Renewal::RefreshToken;
        }
        match has_login {
            true => Renewal::Login,
            false => Renewal::Nothing,
        }
    }
}

impl<'a> Lifetime<'a> {
    /// Adds lifetimes in seconds, which count from before the request was sent, such as
    /// `expires_in` (RFC 6749 section 5.1).
    pub fn seconds(self, document: &Document, names: &[&str]) -> Self {
        each(document, names).fold(self, |told, name| match document.number(&[name]) {
            Some(Ok(seconds)) => told.ending(told.after(seconds)),
            _ => told.unreadable(),
        })
    }

    /// Adds instants of the server's clock: seconds or milliseconds since the Unix epoch, or a
    /// date.
    pub fn instant(self, document: &Document, names: &[&str]) -> Self {
        each(document, names).fold(self, |told, name| {
            let number = document
                .number(&[name])
                .and_then(Result::ok)
                .map(date::of_number);
            let instant = number.or_else(|| date::of_text(document.text(&[name])?));
            match instant {
                Some(instant) => told.ending(told.answer.server_offset().local_time(instant)),
                None => told.unreadable(),
            }
        })
    }

    /// Adds the `exp` claim of the token, if it is a JWT with one (RFC 7519 section 4.1.4). Zero
    /// means that there is no expiry.
    pub fn jwt(self, token: &Secret) -> Self {
        let claimed = jwt::claims(token.expose()).and_then(|claims| claims.expires_at);
        match claimed.filter(|instant| instant.unix_seconds() != 0) {
            Some(instant) => self.ending(self.answer.server_offset().local_time(instant)),
            None => self,
        }
    }

    /// Sets in how many seconds the vendor wants the token to be refreshed.
    pub fn refresh_in(mut self, document: &Document, names: &[&str]) -> Self {
        let seconds = document
            .number(names)
            .and_then(Result::ok)
            .filter(|seconds| *seconds > 0);
        self.refresh_at = seconds.map(|seconds| self.after(seconds));
        self
    }

    /// Returns the earliest stated expiry that is not in the past, by the local clock.
    pub fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// Returns what was wrong with the stated expiry, as a constant text.
    pub fn oddity(&self) -> Option<&'static str> {
        match (self.is_over, self.is_unreadable) {
            (true, _) => Some("the token's expiry is zero, negative or in the past"),
            (false, true) => Some("the token's expiry is unreadable"),
            (false, false) => None,
        }
    }

    /// Returns the validity of the token. `default_life` is used if no expiry is stated.
    ///
    /// With a refresh token, an expiry that is zero, negative or in the past is ignored, so that
    /// the token is not discarded because of it. Without one, the token is expired from the start.
    /// A token without an expiry that nothing can renew [does not expire](Validity::without_end).
    pub fn validity(&self, renewal: Renewal, default_life: Duration) -> Validity {
        let issued_at = self.answer.asked_at();
        if self.is_over && renewal != Renewal::RefreshToken {
            return Validity::new(issued_at, issued_at);
        }
        let validity = match (self.end, renewal) {
            (Some(end), _) => Validity::new(issued_at, end),
            (None, Renewal::Nothing) => Validity::without_end(issued_at),
            (None, _) => Validity::new(issued_at, issued_at.after(default_life.min(LONGEST_LIFE))),
        };
        match self.refresh_at {
            Some(instant) => validity.with_refresh_at(instant),
            None => validity,
        }
    }

    fn after(&self, seconds: i64) -> Timestamp {
        let asked_at = self.answer.asked_at();
        match u64::try_from(seconds) {
            Ok(seconds) => asked_at.after(Duration::from_secs(seconds)),
            Err(_) => asked_at.before(Duration::from_secs(seconds.unsigned_abs())),
        }
    }

    fn ending(mut self, instant: Timestamp) -> Self {
        let asked_at = self.answer.asked_at();
        if instant <= asked_at {
            self.is_over = true;
            return self;
        }
        let instant = instant.min(asked_at.after(LONGEST_LIFE));
        self.end = Some(self.end.map_or(instant, |end| end.min(instant)));
        self
    }

    fn unreadable(mut self) -> Self {
        self.is_unreadable = true;
        self
    }
}

/// Returns the fields that are present.
fn each<'n>(document: &Document, names: &[&'n str]) -> impl Iterator<Item = &'n str> {
    names.iter().copied().filter(|name| document.has(&[name]))
}

#[cfg(test)]
mod tests;
