//! An access token with its validity, and the refresh token that came with it.

pub(crate) mod builder;
pub(crate) mod expiry;
pub(crate) mod key;
pub(crate) mod secret;
pub(crate) mod time;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use self::expiry::Validity;
use self::secret::Secret;
use self::time::Timestamp;
use crate::error::{Error, ErrorKind};

/// An access token, how it is carried, how long it lives, and what it is refreshed with.
///
/// ```
/// use std::time::Duration;
/// use token_core::{TokenPlacement, Secret, Timestamp, Token, Validity};
///
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let token = Token::builder(Secret::from("A1"), Validity::new(now, now.after(Duration::from_secs(7200))))
///     .placement(TokenPlacement::Bearer)
///     .refresh(Secret::from("R1"))
///     .build()?;
/// assert_eq!(token.headers()["authorization"], "Bearer A1");
/// # Ok::<(), token_core::Error>(())
/// ```
///
/// It has no `Serialize`: a store writes its own record, so that no token leaks by accident. Its
/// `Debug` shows when, never what.
#[derive(Clone)]
pub struct Token {
    access: Secret,
    header: (HeaderName, HeaderValue),
    placement: TokenPlacement,
    refresh: Option<Secret>,
    refresh_expires_at: Option<Timestamp>,
    validity: Validity,
    scopes: Vec<String>,
    extras: BTreeMap<String, Secret>,
    generation: Generation,
    oddities: Vec<&'static str>,
}

/// How an access token travels with an API request.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlacement {
    /// `Authorization: Bearer <token>` (RFC 6750 section 2.1).
    Bearer,
    /// `Authorization: <token>`, for a token that has its scheme in it, such as Quectel's `QJWT …`.
    Verbatim,
    /// The token alone in a header of the vendor's own, such as `apim-accesstoken`.
    Header(HeaderName),
}

/// Which token of a lineage this is. A refusal, a failure and a commit speak of a generation, never
/// of "the" token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// The generation with this number; the first token of a lineage has 1.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Its number.
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
    /// A token of which only the refresh token is known, from a user's own records. It is expired,
    /// so the engine refreshes it before it hands anything out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the refresh token is [blank](Secret::is_blank) or has control
    /// characters.
    pub fn from_refresh_token(refresh: Secret) -> Result<Self, Error> {
        let built = Self::builder(Secret::placeholder(), Validity::expired())
            .refresh(refresh)
            .build();
        built.map_err(|error| error.as_kind(ErrorKind::Config))
    }

    /// The access token itself.
    pub fn access(&self) -> &Secret {
        &self.access
    }

    /// The refresh token, where the vendor has one beside the access token.
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// What a refresh spends: the refresh token, or the access token where the vendor has no other.
    pub fn refresh_credential(&self) -> &Secret {
        self.refresh.as_ref().unwrap_or(&self.access)
    }

    /// When the refresh token dies, where the vendor says so.
    pub fn refresh_expires_at(&self) -> Option<Timestamp> {
        self.refresh_expires_at
    }

    /// How long it lives.
    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// How it travels.
    pub fn placement(&self) -> &TokenPlacement {
        &self.placement
    }

    /// What it allows, where the vendor says so.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// A further field of the answer that its endpoint keeps by name: an API host, an id token.
    pub fn extra(&self, name: &str) -> Option<&Secret> {
        self.extras.get(name)
    }

    /// All further fields, by name.
    pub fn extras(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.extras
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Which token of its lineage this is.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// What was odd in the answer that brought it, as constant texts without any of the answer's
    /// own words. It was accepted all the same. Stores do not keep it.
    pub fn oddities(&self) -> &[&'static str] {
        &self.oddities
    }

    /// The one header that carries it, marked sensitive.
    pub fn header(&self) -> (&HeaderName, &HeaderValue) {
        (&self.header.0, &self.header.1)
    }

    /// The header that carries it, as a map of its own, for `reqwest::RequestBuilder::headers` and
    /// its like.
    pub fn headers(&self) -> HeaderMap {
        HeaderMap::from_iter([self.header.clone()])
    }

    /// Every secret in it, so that a text can be scrubbed of them.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.access]
            .into_iter()
            .chain(&self.refresh)
            .chain(self.extras.values())
    }

    /// Whether both have the same access token and the same refresh token.
    pub fn same_secrets_as(&self, other: &Token) -> bool {
        self.access.same_as(&other.access)
            && self
                .refresh_credential()
                .same_as(other.refresh_credential())
    }

    /// The same token as this generation.
    #[must_use]
    pub fn with_generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// The same token with this validity.
    #[must_use]
    pub fn with_validity(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self.due_before_refresh_token_ends()
    }

    /// The same token with this refresh token and its end, such as the one of
    /// [`Outcome::RefreshTokenOnly`](crate::Outcome::RefreshTokenOnly). A refresh token that is
    /// blank or has a control character is not taken: the token stays as it was.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Secret, expires_at: Option<Timestamp>) -> Self {
        if !refresh.is_storable() {
            return self;
        }
        self.refresh = Some(refresh);
        self.refresh_expires_at = expires_at;
        self.due_before_refresh_token_ends()
    }

    /// This token with the access token of `old`: placement and validity are those of `old`; the
    /// refresh token, its end, scopes, extras and generation stay. For an answer whose refresh
    /// token is new and whose access token is of no use.
    #[must_use]
    pub fn with_access_of(mut self, old: &Token) -> Self {
        self.access = old.access.clone();
        self.header = old.header.clone();
        self.placement = old.placement.clone();
        self.validity = old.validity;
        self.due_before_refresh_token_ends()
    }

    /// This token, which a **refresh** of `previous` answered, as the next of its lineage:
    ///
    /// * where the answer had no refresh token, the old one is kept (RFC 6749 section 6);
    /// * where the access token is the same as before, its expiry is not moved on, whatever the
    ///   answer says;
    /// * where neither changed, it is the same generation, and a quarter of its remaining life
    ///   passes before the next refresh.
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
        .ending_by(now.expires_at())
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
