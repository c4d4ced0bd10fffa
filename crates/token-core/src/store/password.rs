//! Passwords of stores that change under a running program.

use std::future::Future;

use async_trait::async_trait;

use super::error::StoreError;
use crate::token::secret::Secret;

/// Tells a store its password each time that it connects, so that a password which is rotated works
/// without a restart.
///
/// Every function without arguments that returns a future of the password is one.
///
/// ```
/// use token_core::Secret;
/// use token_core::store::{PasswordSource, StoreError};
///
/// async fn from_file() -> Result<Secret, StoreError> {
///     let text = std::fs::read_to_string("/run/secrets/redis-password")
///         .map_err(|error| StoreError::new("the password file cannot be read").with_detail(error.kind().to_string()))?;
///     Ok(Secret::from(text.trim_end()))
/// }
///
/// fn takes(source: impl PasswordSource) {}
/// takes(from_file);
/// ```
///
/// An implementation *must not* keep an old password when there is a new one: the server closes a
/// connection, and the next one needs the new password. Its time counts as part of the store's own,
/// so it *should* answer within a second. It *must not* put the password into an error or a log.
#[async_trait]
pub trait PasswordSource: Send + Sync + 'static {
    /// The password that the server takes now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there is none to be had: the store then fails like one that cannot be
    /// reached, and asks again when it connects next.
    async fn password(&self) -> Result<Secret, StoreError>;
}

#[async_trait]
impl<F, R> PasswordSource for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<Secret, StoreError>> + Send + 'static,
{
    async fn password(&self) -> Result<Secret, StoreError> {
        self().await
    }
}
