//! Which account of the program a key in the store belongs to.

use token_core::TokenKey;

pub(super) struct AccountOf(Box<NameOf>);

type NameOf = dyn Fn(&TokenKey) -> Option<String> + Send + Sync;

impl AccountOf {
    pub(super) fn name(&self, key: &TokenKey) -> Option<String> {
        (self.0)(key)
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
