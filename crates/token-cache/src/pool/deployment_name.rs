//! The name of a deployment.

use token_core::TokenKey;

/// Returns the vendor and the deployment in a key: all but its last part.
pub(super) fn deployment_name(key: &TokenKey) -> &str {
    let key = key.as_str();
    key.rsplit_once('/').map_or(key, |(name, _)| name)
}
