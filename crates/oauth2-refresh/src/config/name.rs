//! What a grant is called in stores, logs and metrics.

use token_core::{BaseUrl, BuildError, Key, TokenEndpoint, percent_encode};

use super::{OAuth2Builder, Place};
use crate::endpoint::OAuth2;
use crate::sign::short_digest;

impl OAuth2Builder {
    /// The host, and the path where it is the deployment's own: many servers tell their tenants apart by it.
    pub(super) fn deployment(&self, base: &BaseUrl, token: &Place) -> String {
        let is_usual = token.address() == format!("https://{}{}", base.authority(), self.preset.token_path());
        if is_usual {
            return base.authority().to_owned();
        }
        token.name()
    }

    pub(super) fn grant_name(&self) -> String {
        // The client's id is encoded alone first, so that no other pair of names makes the same text.
        let client = percent_encode(&self.client_id);
        let account = self.account.clone().unwrap_or_else(|| self.account_by_default());
        format!("{client}:{account}")
    }

    /// The client's own token, one for each purpose.
    fn account_by_default(&self) -> String {
        if self.scopes.is_empty() && self.parameters.is_empty() {
            return "default".to_owned();
        }
        let purpose = format!("{:?} {:?}", self.scopes, self.parameters);
        format!("default-{}", short_digest(&purpose))
    }
}

pub(super) fn check_name(endpoint: &OAuth2) -> Result<(), BuildError> {
    let too_long =
        |_| BuildError::invalid("account", "makes a key of more than 512 bytes with the client id");
    Key::parse(endpoint.key().as_str()).map(|_| ()).map_err(too_long)
}
