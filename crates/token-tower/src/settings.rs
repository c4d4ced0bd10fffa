//! What a layer was told.

use std::fmt;

use http::Uri;
use token_cache::TokenCache;
use token_core::{ApiOrigin, LONGEST_BODY};

use crate::answer::Protocol;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tokens: TokenCache,
    /// Where requests go whose URI has no host.
    pub(crate) origin: Option<Uri>,
    pub(crate) protocol: Protocol,
    /// How many bytes of a streamed request are kept.
    pub(crate) replay_limit: usize,
}

impl Settings {
    pub(crate) fn new(tokens: TokenCache) -> Self {
        Self {
            tokens,
            origin: None,
            protocol: Protocol::Http,
            replay_limit: LONGEST_BODY,
        }
    }

    pub(crate) fn at(self, origin: &ApiOrigin) -> Self {
        // An origin is a URI. If it were not, requests without a host would be refused.
        let origin = origin.to_string().parse().ok();
        Self { origin, ..self }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tokens", &self.tokens)
            .field("origin", &self.origin)
            .field("protocol", &self.protocol)
            .field("replay_limit", &self.replay_limit)
            .finish()
    }
}
