//! Passwords of stores that are rotated while a program runs.

use std::future::Future;

use async_trait::async_trait;

use super::error::StoreError;
use crate::token::secret::Secret;

/// A source of a store's password, which the store asks whenever it connects, so that a password
/// can be rotated without a restart.
///
/// Every function without arguments that returns a future of the
/// password implements it.
///
/// ```
/// use token_core::Secret;
/// use token_core::store::{PasswordSource, StoreError};
///
/// async fn from_file() -> Result<Secret, StoreError> {
///     let text = std::fs::read_to_string("/run/secrets/redis-password").map_err(|error| {
///         StoreError::new("no password file").with_detail(error.kind().to_string())
///     })?;
///     Ok(Secret::from(text.trim_end()))
/// }
///
/// fn takes(source: impl PasswordSource) {}
/// takes(from_file);
/// ```
///
/// An implementation *must not* return a cached password that was replaced: the server closes a
/// connection, and the next one needs the new password. Its time counts towards the timeout of the
/// store operation, so it *should* return within a second. It *must not* put the password into an
/// error or a log.
#[async_trait]
pub trait PasswordSource: Send + Sync + 'static {
    /// Returns the password that the server currently accepts.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the password is not available. The store then fails as if it could not be
    /// reached, and asks again when it next connects.
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
