//! What a store is put under.

use std::sync::Arc;

use vendor_auth::types::store::TokenStore;
use vendor_auth::{TokenCacheBuilder, TokenPoolBuilder};

/// Something that is built over a store.
pub(crate) trait Under: Sized {
    fn over(self, store: impl TokenStore) -> Self;
}

impl Under for TokenCacheBuilder {
    fn over(self, store: impl TokenStore) -> Self {
        self.store(store)
    }
}

impl Under for TokenPoolBuilder {
    fn over(self, store: impl TokenStore) -> Self {
        self.store(store)
    }
}

/// The store itself, to look whether it has something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookup(pub(crate) Option<Arc<dyn TokenStore>>);

impl Under for Lookup {
    fn over(self, store: impl TokenStore) -> Self {
        Self(Some(Arc::new(store)))
    }
}
