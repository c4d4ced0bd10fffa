//! How a token is put together, and what is refused.

use std::collections::BTreeMap;
use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::{Generation, Token, TokenPlacement};
use crate::error::{Error, ErrorKind};
use crate::token::expiry::Validity;
use crate::token::secret::{Secret, sensitive_header};
use crate::token::time::Timestamp;

/// Puts a [`Token`] together.
#[must_use]
pub struct TokenBuilder {
    access: Secret,
    validity: Validity,
    placement: TokenPlacement,
    refresh: Option<Secret>,
    refresh_expires_at: Option<Timestamp>,
    scopes: Vec<String>,
    extras: BTreeMap<String, Secret>,
    generation: Generation,
    oddities: Vec<&'static str>,
}

impl Token {
    /// Begins a token from what an answer gave.
    pub fn builder(access: Secret, validity: Validity) -> TokenBuilder {
        TokenBuilder {
            access,
            validity,
            placement: TokenPlacement::Bearer,
            refresh: None,
            refresh_expires_at: None,
            scopes: Vec::new(),
            extras: BTreeMap::new(),
            generation: Generation::default(),
            oddities: Vec::new(),
        }
    }
}

impl TokenBuilder {
    /// How it travels; [`TokenPlacement::Bearer`] where nothing is said.
    pub fn placement(mut self, placement: TokenPlacement) -> Self {
        self.placement = placement;
        self
    }

    /// The refresh token that came with it. `None` leaves the place empty.
    pub fn refresh(mut self, refresh: impl Into<Option<Secret>>) -> Self {
        self.refresh = refresh.into();
        self
    }

    /// When the refresh token dies.
    pub fn refresh_expires_at(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.refresh_expires_at = instant.into();
        self
    }

    /// What it allows.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = String>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// A further field of the answer, kept by name.
    pub fn extra(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.extras.insert(name.into(), value);
        self
    }

    /// Which token of its lineage it is; a store says so, an endpoint does not know.
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Notes what was odd in the answer, if the token is accepted all the same. The text is
    /// constant, so that nothing of the answer gets into an event or a log.
    pub fn odd(mut self, what: &'static str) -> Self {
        self.oddities.push(what);
        self
    }

    /// The finished token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] where the access or the refresh token is [blank](Secret::is_blank)
    /// or has a control character: such a token is refused before it reaches a header or a store.
    pub fn build(mut self) -> Result<Token, Error> {
        self.take_off_the_scheme();
        if !self.access.is_storable()
            || self
                .refresh
                .as_ref()
                .is_some_and(|refresh| !refresh.is_storable())
        {
            return Err(unusable());
        }
        let header = self.placement.header(&self.access).ok_or_else(unusable)?;
        let token = Token {
            header,
            access: self.access,
            placement: self.placement,
            refresh: self.refresh,
            refresh_expires_at: self.refresh_expires_at,
            validity: self.validity,
            scopes: self.scopes,
            extras: self.extras,
            generation: self.generation,
            oddities: self.oddities,
        };
        Ok(token.due_before_refresh_token_ends())
    }
}

impl TokenBuilder {
    /// Some vendors put the scheme before the token, which the header would then have twice.
    fn take_off_the_scheme(&mut self) {
        if self.placement != TokenPlacement::Bearer {
            return;
        }
        let Some((scheme, token)) = self.access.expose().trim_start().split_once(' ') else {
            return;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            self.access = Secret::from(token.trim_start());
            self.oddities.push("the access token has its scheme in it");
        }
    }
}

impl fmt::Debug for TokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenBuilder(…)")
    }
}

impl TokenPlacement {
    fn header(&self, access: &Secret) -> Option<(HeaderName, HeaderValue)> {
        let access = access.expose();
        match self {
            TokenPlacement::Bearer => {
                let value = Secret::from(format!("Bearer {access}"));
                Some((AUTHORIZATION, sensitive_header(value.expose())?))
            }
            TokenPlacement::Verbatim => Some((AUTHORIZATION, sensitive_header(access)?)),
            TokenPlacement::Header(name) => Some((name.clone(), sensitive_header(access)?)),
        }
    }
}

fn unusable() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the token is empty or has a character that no header may have",
    )
}
