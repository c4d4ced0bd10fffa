//! What most tokens do not have, apart from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::placement::TokenPlacement;
use super::secret::Secret;

#[derive(Clone, Default)]
pub(super) struct Rest {
    pub(super) placement: TokenPlacement,
    pub(super) scopes: Vec<String>,
    pub(super) extras: BTreeMap<String, Secret>,
    pub(super) oddities: Vec<&'static str>,
}

impl Rest {
    pub(super) fn if_any(self) -> Option<Arc<Self>> {
        let is_empty = self.placement == TokenPlacement::Bearer
            && self.scopes.is_empty()
            && self.extras.is_empty()
            && self.oddities.is_empty();
        (!is_empty).then(|| Arc::new(self))
    }
}

pub(super) static NO_REST: Rest = Rest {
    placement: TokenPlacement::Bearer,
    scopes: Vec::new(),
    extras: BTreeMap::new(),
    oddities: Vec::new(),
};
