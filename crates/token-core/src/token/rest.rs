//! What most tokens do not have, apart from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;

use super::expiry::packed::Numbers;
use super::placement::TokenPlacement;
use super::secret::Secret;

#[derive(Clone, Default)]
pub(super) struct Rest {
    pub(super) placement: TokenPlacement,
    pub(super) scopes: Vec<String>,
    pub(super) extras: BTreeMap<String, Secret>,
    pub(super) oddities: Vec<&'static str>,
    /// Copies of the header, for several threads.
    pub(super) headers: Vec<HeaderValue>,
    /// Numbers that do not fit into the token.
    pub(super) numbers: Option<Box<Numbers>>,
}

impl Rest {
    /// Returns what is there, or what most tokens have.
    pub(super) fn of(rest: &Option<Arc<Self>>) -> &Self {
        rest.as_deref().unwrap_or(&NO_REST)
    }

    pub(super) fn of_mut(rest: &mut Option<Arc<Self>>) -> &mut Self {
        Arc::make_mut(rest.get_or_insert_default())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.placement == TokenPlacement::Bearer
            && self.scopes.is_empty()
            && self.extras.is_empty()
            && self.oddities.is_empty()
            && self.headers.is_empty()
            && self.numbers.is_none()
    }
}

static NO_REST: Rest = Rest {
    placement: TokenPlacement::Bearer,
    scopes: Vec::new(),
    extras: BTreeMap::new(),
    oddities: Vec::new(),
    headers: Vec::new(),
    numbers: None,
};
