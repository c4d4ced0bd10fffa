//! The builder of tokens, and its validation.

use std::fmt;
use std::sync::Arc;

use super::Token;
use super::expiry::packed::{Numbers, PackedNumbers};
use super::generation::Generation;
use super::placement::{TokenPlacement, unusable};
use super::rest::Rest;
use crate::error::Error;
use crate::token::expiry::Validity;
use crate::token::secret::Secret;
use crate::token::time::Timestamp;

/// Builds a [`Token`].
// What few tokens have is apart, because each method moves the builder.
#[must_use]
pub struct TokenBuilder {
    access: Secret,
    validity: Validity,
    refresh: Option<Secret>,
    refresh_expires_at: Option<Timestamp>,
    generation: Generation,
    rest: Option<Arc<Rest>>,
}

impl Token {
    /// Returns a builder for a token with this access token and validity.
    pub fn builder(access: Secret, validity: Validity) -> TokenBuilder {
        TokenBuilder {
            access,
            validity,
            refresh: None,
            refresh_expires_at: None,
            generation: Generation::default(),
            rest: None,
        }
    }
}

impl TokenBuilder {
    /// Sets how the token is sent with an API request. Default: [`TokenPlacement::Bearer`].
    pub fn placement(mut self, placement: TokenPlacement) -> Self {
        if self.rest.is_some() || placement != TokenPlacement::Bearer {
            self.rest_mut().placement = placement;
        }
        self
    }

    /// Sets the refresh token. Default: `None`.
    pub fn refresh(mut self, refresh: impl Into<Option<Secret>>) -> Self {
        self.refresh = refresh.into();
        self
    }

    /// Sets when the refresh token expires. Default: not known.
    pub fn refresh_expires_at(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.refresh_expires_at = instant.into();
        self
    }

    /// Sets the granted scopes (RFC 6749 section 3.3). Default: none.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = String>) -> Self {
        let scopes: Vec<_> = scopes.into_iter().collect();
        if self.rest.is_some() || !scopes.is_empty() {
            self.rest_mut().scopes = scopes;
        }
        self
    }

    /// Adds another field of the answer under this name.
    pub fn extra(mut self, name: impl Into<String>, value: Secret) -> Self {
        let value = value.alone();
        self.rest_mut().extras.insert(name.into(), value);
        self
    }

    /// Sets the number of the token under its key. For stores; an endpoint does not know it.
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Records what was unusual in the answer of a token that is accepted nevertheless. The text is
    /// a constant, so that nothing of the answer gets into an event or a log.
    pub fn odd(mut self, what: &'static str) -> Self {
        self.rest_mut().oddities.push(what);
        self
    }

    /// Builds the token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the access or the refresh token is
    /// [blank](Secret::is_blank) or contains a control character: such a token is refused before it
    /// reaches a header or a store.
    pub fn build(mut self) -> Result<Token, Error> {
        self.strip_scheme();
        if !self.access.is_storable()
            || self
                .refresh
                .as_ref()
                .is_some_and(|refresh| !refresh.is_storable())
        {
            return Err(unusable());
        }
        let numbers = Numbers {
            validity: self.validity,
            refresh_expires_at: self.refresh_expires_at,
            generation: self.generation,
        };
        let placement = &Rest::of(&self.rest).placement;
        let has_header = placement.header_name().is_some();
        let token = Token {
            header: None,
            access: self.access,
            refresh: self.refresh,
            numbers: PackedNumbers::NONE,
            rest: self.rest.filter(|rest| !rest.is_empty()),
        };
        let token = token.in_one_text(has_header);
        if token.header.is_some() != has_header {
            return Err(unusable());
        }
        Ok(token.numbered(numbers))
    }
}

impl TokenBuilder {
    /// Some vendors prefix the token with its scheme, which the header would then contain twice.
    fn strip_scheme(&mut self) {
        if Rest::of(&self.rest).placement != TokenPlacement::Bearer {
            return;
        }
        const SCHEME: &str = "bearer ";
        let text = self.access.expose().trim_start();
        let Some((scheme, token)) = text.split_at_checked(SCHEME.len()) else {
            return;
        };
        if scheme.eq_ignore_ascii_case(SCHEME) {
            self.access = Secret::from(token.trim_start());
            let oddities = &mut self.rest_mut().oddities;
            oddities.push("the access token includes its scheme");
        }
    }

    fn rest_mut(&mut self) -> &mut Rest {
        Rest::of_mut(&mut self.rest)
    }
}

impl fmt::Debug for TokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenBuilder(…)")
    }
}
