//! An access token with its validity, and the refresh token that came with it.

pub(crate) mod builder;
pub(crate) mod expiry;
pub(crate) mod generation;
mod header;
pub(crate) mod key;
mod numbers;
pub(crate) mod placement;
mod put_on;
mod rest;
pub(crate) mod secret;
mod successor;
pub(crate) mod time;

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use self::expiry::Validity;
use self::expiry::packed::PackedNumbers;
use self::generation::Generation;
use self::placement::TokenPlacement;
use self::rest::Rest;
use self::secret::Secret;
use self::time::Timestamp;
use crate::error::{Error, ErrorKind};

/// An access token with its placement in API requests, its validity and its refresh token.
///
/// ```
/// use std::time::Duration;
/// use token_core::{Secret, Timestamp, Token, TokenPlacement, Validity};
///
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let validity = Validity::new(now, now.after(Duration::from_secs(7200)));
/// let token = Token::builder(Secret::from("A1"), validity)
///     .placement(TokenPlacement::Bearer)
///     .refresh(Secret::from("R1"))
///     .build()?;
/// assert_eq!(token.headers()["authorization"], "Bearer A1");
/// # Ok::<(), token_core::Error>(())
/// ```
///
/// There is no `Serialize`, so that no token leaks by accident: a store writes its own record.
/// `Debug` shows instants, never a secret.
#[derive(Clone)]
pub struct Token {
    access: Secret,
    header: Option<HeaderValue>,
    refresh: Option<Secret>,
    numbers: PackedNumbers,
    /// What most tokens do not have.
    rest: Option<Arc<Rest>>,
}

impl Token {
    /// Creates a token of which only the refresh token is known, such as one that a user copied
    /// from elsewhere. It is expired, so it is refreshed before an access token is returned to
    /// callers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the refresh token is [blank](Secret::is_blank) or contains control
    /// characters.
    pub fn from_refresh_token(refresh: Secret) -> Result<Self, Error> {
        let built = Self::builder(Secret::placeholder(), Validity::expired())
            .refresh(refresh)
            .build();
        built.map_err(|error| error.as_kind(ErrorKind::Config))
    }

    /// Creates a token of which nothing is known: it is expired, in no header, and cannot be
    /// refreshed. It stands where no token is.
    ///
    /// ```
    /// use token_core::{Freshness, Timestamp, Token};
    ///
    /// let unknown = Token::unknown();
    /// assert_eq!(unknown.validity().at(Timestamp::MIN), Freshness::Expired);
    /// assert!(unknown.header().is_none() && unknown.refresh().is_none());
    /// ```
    pub fn unknown() -> Self {
        Self {
            access: Secret::placeholder(),
            header: None,
            refresh: None,
            numbers: PackedNumbers::NONE,
            rest: None,
        }
    }

    /// Returns the access token.
    pub fn access(&self) -> &Secret {
        &self.access
    }

    /// Returns the refresh token, if the vendor issued one.
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// Returns what a refresh sends: the refresh token, or the access token if the vendor has no
    /// refresh tokens.
    pub fn refresh_credential(&self) -> &Secret {
        self.refresh.as_ref().unwrap_or(&self.access)
    }

    /// Returns when the refresh token expires, if the vendor states it.
    pub fn refresh_expires_at(&self) -> Option<Timestamp> {
        self.numbers().refresh_expires_at
    }

    /// Returns when the token is fresh, due for a refresh, and expired.
    // Inlined, so that only those of its instants are unpacked that the caller reads.
    #[inline]
    pub fn validity(&self) -> Validity {
        self.numbers().validity
    }

    /// Returns how the token is sent with an API request.
    pub fn placement(&self) -> &TokenPlacement {
        &self.rest().placement
    }

    /// Returns the granted scopes (RFC 6749 section 3.3); empty if the vendor does not state them.
    pub fn scopes(&self) -> &[String] {
        &self.rest().scopes
    }

    /// Returns another field of the answer that the endpoint kept under this name, such as an API
    /// host or an ID token.
    pub fn extra(&self, name: &str) -> Option<&Secret> {
        self.rest().extras.get(name)
    }

    /// Returns all other fields that the endpoint kept, by name.
    pub fn extras(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let extras = self.rest().extras.iter();
        extras.map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the number of this token under its key.
    pub fn generation(&self) -> Generation {
        match &self.rest().numbers {
            Some(numbers) => numbers.generation,
            None => self.numbers.generation(),
        }
    }

    /// Returns what was unusual in the answer that contained the token, which was accepted
    /// nevertheless. The texts are constants and quote nothing of the answer. Stores do not keep
    /// them.
    pub fn oddities(&self) -> &[&'static str] {
        &self.rest().oddities
    }

    /// Returns the header that carries the token, marked sensitive; `None` if it travels in the
    /// query or in a form: see [`put_on`](Self::put_on).
    // Inlined, because it is called for each API request.
    #[inline]
    pub fn header(&self) -> Option<(&HeaderName, &HeaderValue)> {
        let (header, rest) = (self.header.as_ref()?, self.rest());
        let copy = header::of_this_thread(&rest.headers);
        Some((rest.placement.header_name()?, copy.unwrap_or(header)))
    }

    /// Returns the header that carries the token as a map, for `reqwest::RequestBuilder::headers`
    /// and similar methods. The map is empty if the token travels in the query or in a form.
    pub fn headers(&self) -> HeaderMap {
        let header = self.header();
        header
            .map(|(name, value)| (name.clone(), value.clone()))
            .into_iter()
            .collect()
    }

    /// Returns the same token, ready to be sent by this many threads at once: its header has a
    /// reference count for each, of which there are at most 16. The text exists once.
    ///
    /// ```
    /// # fn share(token: token_core::Token) {
    /// let threads = std::thread::available_parallelism().map_or(1, usize::from);
    /// let token = token.for_threads(threads);
    /// # }
    /// ```
    #[must_use]
    pub fn for_threads(mut self, threads: usize) -> Self {
        let is_in_header = self.header.is_some();
        let threads = if is_in_header { threads } else { 0 };
        self.set_copies(header::copies(&self.access, threads));
        self
    }

    /// Returns every secret of the token, for a [`Scrubber`](crate::Scrubber).
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.access]
            .into_iter()
            .chain(&self.refresh)
            .chain(self.rest().extras.values())
    }

    /// Returns whether both have the same access token and the same refresh token.
    pub fn same_secrets_as(&self, other: &Token) -> bool {
        self.access.same_as(&other.access)
            && self
                .refresh_credential()
                .same_as(other.refresh_credential())
    }

    fn rest(&self) -> &Rest {
        Rest::of(&self.rest)
    }

    fn rest_mut(&mut self) -> &mut Rest {
        Rest::of_mut(&mut self.rest)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("generation", &self.generation().number())
            .field("validity", &self.validity())
            .field("has_refresh", &self.refresh.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
