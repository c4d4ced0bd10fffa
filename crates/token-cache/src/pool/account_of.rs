//! Which account of the program a key in the store belongs to.

use std::panic::{AssertUnwindSafe, catch_unwind};

use token_core::TokenKey;
use token_core::store::StoreError;

pub(super) struct AccountOf(Box<NameOf>);

type NameOf = dyn Fn(&TokenKey) -> Option<String> + Send + Sync;

impl AccountOf {
    /// Returns the account; `None` if the key belongs to another program.
    ///
    /// # Errors
    ///
    /// That the program's function panicked.
    pub(super) fn name(&self, key: &TokenKey) -> Result<Option<String>, StoreError> {
        let naming = AssertUnwindSafe(|| (self.0)(key));
        catch_unwind(naming).map_err(|_| StoreError::new("`account_of` panicked"))
    }

    pub(super) fn by(
        account_of: impl Fn(&TokenKey) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(account_of))
    }
}

impl Default for AccountOf {
    fn default() -> Self {
        Self::by(TokenKey::grant)
    }
}
