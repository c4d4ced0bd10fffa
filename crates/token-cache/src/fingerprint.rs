//! Names what a token is refreshed with, without telling it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use token_core::store::RefreshFingerprint;
use token_core::{Token, TokenKey};

/// The keyed hash of what a refresh of `token` spends.
pub(crate) fn fingerprint(key: &TokenKey, token: &Token) -> RefreshFingerprint {
    let spendable = token.refresh_credential().expose().as_bytes();
    // HMAC takes a key of any length, so this cannot fail; without it every lineage would be alike,
    // and nothing would commit twice.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_str().as_bytes()) else {
        return RefreshFingerprint([0; 32]);
    };
    mac.update(spendable);
    RefreshFingerprint(mac.finalize().into_bytes().into())
}
