//! When a token ends, by all that its answer tells. Nothing here is a reason to throw a token away.

use std::time::Duration;

use super::{Answer, date};
use crate::endpoint::json::Document;
use crate::endpoint::jwt;
use crate::token::expiry::Validity;
use crate::token::secret::Secret;
use crate::token::time::Timestamp;

/// No vendor means a token to live longer: a larger number is a mistake, such as milliseconds read
/// as seconds.
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 366 * 86_400);

/// What an answer tells about a token's end. The earliest end that is told counts; what is
/// unreadable, zero or past is noted.
///
/// ```
/// use bytes::Bytes;
/// use std::time::Duration;
/// use token_core::{Answer, BaseUrl, PlainHttp, Renewal, Request, ServerOffset, Step, Timestamp};
///
/// let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
/// let request = Request::post(&base, "/token").build(Step::Refresh)?;
/// let response = http::Response::new(Bytes::from(r#"{"expires_in": "7200", "expires_on": 1700003600}"#));
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

/// What gets the next token when this one ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// A refresh token, of this answer or kept from before.
    RefreshToken,
    /// A login that can be repeated.
    Login,
    /// Nothing: a person has to log in.
    Nothing,
}

impl Answer<'_> {
    /// Begins to read when a token ends.
    pub fn lifetime(&self) -> Lifetime<'_> {
        Lifetime {
            answer: self,
            end: None,
            is_over: false,
            is_unreadable: false,
            refresh_at: None,
        }
    }

    /// What gets the next token after the one of this answer. `refresh` is the refresh token that
    /// came with it.
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
    /// Lifetimes in seconds, which count from before the request was sent.
    pub fn seconds(self, document: &Document, names: &[&str]) -> Self {
        each(document, names).fold(self, |told, name| match document.number(&[name]) {
            Some(Ok(seconds)) => told.ending(told.after(seconds)),
            _ => told.unreadable(),
        })
    }

    /// Instants of the server's clock: seconds or milliseconds since the Unix epoch, or a date.
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

    /// The token's own `exp` claim, where it is a JWT that has one. Zero counts as none, as servers
    /// mean it.
    pub fn jwt(self, token: &Secret) -> Self {
        let claimed = jwt::claims(token.expose()).and_then(|claims| claims.expires_at);
        match claimed.filter(|instant| instant.unix_seconds() != 0) {
            Some(instant) => self.ending(self.answer.server_offset().local_time(instant)),
            None => self,
        }
    }

    /// When the vendor itself wants to be asked again, in seconds.
    pub fn refresh_in(mut self, document: &Document, names: &[&str]) -> Self {
        let seconds = document
            .number(names)
            .and_then(Result::ok)
            .filter(|seconds| *seconds > 0);
        self.refresh_at = seconds.map(|seconds| self.after(seconds));
        self
    }

    /// The earliest end that is told and not past, by the local clock.
    pub fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// What was odd.
    pub fn oddity(&self) -> Option<&'static str> {
        match (self.is_over, self.is_unreadable) {
            (true, _) => Some("the token's end is zero, negative or past"),
            (false, true) => Some("the token's end is unreadable"),
            (false, false) => None,
        }
    }

    /// The validity that this makes. `default_life` counts where no end is told.
    ///
    /// With a refresh token, an end that is zero, negative or past counts as none: the token is not
    /// dropped for it. Without one, the token is over on arrival. A token with no end and nothing
    /// to renew it has [no end](Validity::without_end).
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

/// The fields that are there.
fn each<'n>(document: &Document, names: &[&'n str]) -> impl Iterator<Item = &'n str> {
    names.iter().copied().filter(|name| document.has(&[name]))
}

#[cfg(test)]
mod tests;
