//! Looks at the store.

use token_core::Error;

use super::TokenCache;
use crate::current::token_guard::TokenGuard;

impl TokenCache {
    /// Returns the live token that this process or the store has; `None` if neither has one.
    /// Nothing is requested from the vendor, however soon the token ends.
    ///
    /// ```
    /// # async fn show(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// match tokens.load().await? {
    ///     Some(token) => println!("valid until {}", token.validity().expires_at()),
    ///     None => println!("{}", tokens.health()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What the store has is read if this process has no live token. [`health`](Self::health) then
    /// describes it, also if it is expired. After a logout, [`Health::logged_out`] is set.
    ///
    /// [`Health::logged_out`]: crate::Health::logged_out
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) if the store cannot be read;
    /// [`Rejected`](token_core::ErrorKind::Rejected) if the grant was logged out and there is no
    /// repeatable login.
    pub async fn load(&self) -> Result<Option<TokenGuard>, Error> {
        match self.current() {
            Some(token) => Ok(Some(token)),
            None => self.shared.load().await,
        }
    }

    /// Reads the store although there may be a live token, takes the store's token if it is newer,
    /// and returns the live one. Nothing is requested from the vendor.
    ///
    /// ```
    /// # async fn watch(tokens: token_cache::TokenCache) {
    /// let mut each_minute = tokio::time::interval(std::time::Duration::from_secs(60));
    /// loop {
    ///     each_minute.tick().await;
    ///     if let Err(error) = tokens.reload().await {
    ///         println!("{error}");
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// Correctness does not need it. It is for programs that pass tokens on and would otherwise
    /// have one that another process has replaced, or a grant that was logged out, until the token
    /// is due. A newer token is sent as [`Event::Refreshed`](crate::Event::Refreshed).
    ///
    /// # Errors
    ///
    /// The same as [`load`](Self::load).
    pub async fn reload(&self) -> Result<Option<TokenGuard>, Error> {
        self.shared.load().await
    }
}
