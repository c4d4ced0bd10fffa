//! An access token with its validity, and the refresh token that came with it.

pub(crate) mod builder;
pub(crate) mod expiry;
pub(crate) mod key;
pub(crate) mod placement;
mod put_on;
pub(crate) mod secret;
pub(crate) mod time;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use self::expiry::Validity;
use self::placement::TokenPlacement;
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
    header: Option<(HeaderName, HeaderValue)>,
    placement: TokenPlacement,
    refresh: Option<Secret>,
    refresh_expires_at: Option<Timestamp>,
    validity: Validity,
    scopes: Vec<String>,
    extras: BTreeMap<String, Secret>,
    generation: Generation,
    oddities: Vec<&'static str>,
}

/// The number of a token under its key. Each refresh adds 1, and so does a new login.
/// Refusals, failures and commits refer to a generation, never to "the" token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// Creates the generation with this number; the first token of a key has 1.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the next generation.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
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
        self.refresh_expires_at
    }

    /// Returns when the token is fresh, due for a refresh, and expired.
    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Returns how the token is sent with an API request.
    pub fn placement(&self) -> &TokenPlacement {
        &self.placement
    }

    /// Returns the granted scopes (RFC 6749 section 3.3); empty if the vendor does not state them.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Returns another field of the answer that the endpoint kept under this name, such as an API
    /// host or an ID token.
    pub fn extra(&self, name: &str) -> Option<&Secret> {
        self.extras.get(name)
    }

    /// Returns all other fields that the endpoint kept, by name.
    pub fn extras(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.extras
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the number of this token under its key.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Returns what was unusual in the answer that contained the token, which was accepted
    /// nevertheless. The texts are constants and quote nothing of the answer. Stores do not keep
    /// them.
    pub fn oddities(&self) -> &[&'static str] {
        &self.oddities
    }

    /// Returns the header that carries the token, marked sensitive; `None` if it travels in the
    /// query or in a form: see [`put_on`](Self::put_on).
    pub fn header(&self) -> Option<(&HeaderName, &HeaderValue)> {
        self.header.as_ref().map(|(name, value)| (name, value))
    }

    /// Returns the header that carries the token as a map, for `reqwest::RequestBuilder::headers`
    /// and similar methods. The map is empty if the token travels in the query or in a form.
    pub fn headers(&self) -> HeaderMap {
        self.header.clone().into_iter().collect()
    }

    /// Returns every secret of the token, for a [`Scrubber`](crate::Scrubber).
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.access]
            .into_iter()
            .chain(&self.refresh)
            .chain(self.extras.values())
    }

    /// Returns whether both have the same access token and the same refresh token.
    pub fn same_secrets_as(&self, other: &Token) -> bool {
        self.access.same_as(&other.access)
            && self
                .refresh_credential()
                .same_as(other.refresh_credential())
    }

    /// Sets the generation.
    #[must_use]
    pub fn with_generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Sets the validity.
    #[must_use]
    pub fn with_validity(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self.due_before_refresh_token_ends()
    }

    /// Sets the refresh token and its expiry, such as those of
    /// [`Outcome::RefreshTokenOnly`](crate::Outcome::RefreshTokenOnly). If the refresh token is
    /// blank or contains a control character, the token is returned unchanged.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Secret, expires_at: Option<Timestamp>) -> Self {
        if !refresh.is_storable() {
            return self;
        }
        self.refresh = Some(refresh);
        self.refresh_expires_at = expires_at;
        self.due_before_refresh_token_ends()
    }

    /// Takes the access token, placement and validity of `old`, and keeps this token's refresh
    /// token and its expiry, scopes, extras and generation. For an answer that contains a new
    /// refresh token but no usable access token.
    #[must_use]
    pub fn with_access_of(mut self, old: &Token) -> Self {
        self.access = old.access.clone();
        self.header = old.header.clone();
        self.placement = old.placement.clone();
        self.validity = old.validity;
        self.due_before_refresh_token_ends()
    }

    /// Makes this token, which a **refresh** of `previous` returned, the successor of `previous`:
    ///
    /// * if the answer had no refresh token, the old one is kept (RFC 6749 section 6);
    /// * if the access token is unchanged, its expiry is not extended, whatever the answer states;
    /// * if neither token changed, the generation stays the same, and the next refresh is due no
    ///   earlier than after a quarter of the remaining life.
    #[must_use]
    pub fn merged_with_previous(mut self, previous: &Token) -> Self {
        let same_access = self.access.same_as(&previous.access);
        if self.refresh.is_none() {
            self.refresh = previous.refresh.clone();
            self.refresh_expires_at = self.refresh_expires_at.or(previous.refresh_expires_at);
        }
        if self.scopes.is_empty() {
            self.scopes = previous.scopes.clone();
        }
        for (name, value) in &previous.extras {
            self.extras
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        if same_access {
            self.validity = unchanged(&self.validity, &previous.validity);
        }
        let same = same_access
            && self
                .refresh_credential()
                .same_as(previous.refresh_credential());
        self.generation = if same {
            previous.generation
        } else {
            previous.generation.next()
        };
        self.due_before_refresh_token_ends()
    }

    fn due_before_refresh_token_ends(mut self) -> Self {
        let end = self.refresh_expires_at.filter(|_| self.refresh.is_some());
        self.validity = self.validity.with_refresh_token_until(end);
        self
    }
}

fn unchanged(now: &Validity, before: &Validity) -> Validity {
    let asked_at = now.issued_at();
    let left: Duration = before.expires_at().since(asked_at);
    before
        .not_longer_than(now)
        .not_refreshed_before(asked_at.after(left / 4).max(now.refreshable_from()))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("generation", &self.generation.0)
            .field("validity", &self.validity)
            .field("has_refresh", &self.refresh.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
