//! When tokens are refreshed, and how long to pause after failures.

use std::sync::{Arc, LazyLock};

use token_core::RefreshPolicy;

use super::backoff::Backoff;

/// How early a token is refreshed, and how long to back off after failures.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timing {
    pub(crate) policy: RefreshPolicy,
    pub(crate) backoff: Backoff,
}

impl Timing {
    /// Returns the default, which exists once.
    pub(crate) fn of_most() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Timing>> = LazyLock::new(Arc::default);
        SHARED.clone()
    }
}
