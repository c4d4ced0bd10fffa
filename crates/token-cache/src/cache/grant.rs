//! Begins, ends and describes a grant.

use token_core::{Error, OneTimeGrant, Token};

use super::TokenCache;
use crate::current::token_guard::TokenGuard;
use crate::refresh::grant_state::GrantState;
use crate::refresh::new_grants::NewGrant;
use crate::refresh::revoke::LoggedOut;

impl TokenCache {
    /// Gets the first token of a grant from a one-time code or a person's password. It is sent
    /// once, and never again on its own.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or the transport's failure; [`Store`](token_core::ErrorKind::Store),
    /// with nothing sent, if the store cannot be reached.
    pub async fn redeem(&self, redemption: OneTimeGrant) -> Result<TokenGuard, Error> {
        self.begin_grant(NewGrant::Redeem(redemption)).await
    }

    /// Begins a grant with a token that you have, whatever the store holds.
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) if the store cannot be reached; if the token is
    /// expired, the error of its refresh.
    pub async fn set_token(&self, token: Token) -> Result<TokenGuard, Error> {
        self.begin_grant(NewGrant::Set(token)).await
    }

    /// Ends the grant: writes a tombstone to the store, so that a late commit cannot bring the
    /// grant back, and asks the vendor to revoke the newest known token, if the vendor supports it.
    /// Nothing is published from the start on. Once begun, a logout is completed even if its caller
    /// goes away.
    ///
    /// An endpoint with a repeatable login gets a new grant when a caller asks for a token again:
    /// there a logout means "revoke and start over". To shut the program out, take its credential
    /// away. Any other endpoint needs [`redeem`](Self::redeem) or [`set_token`](Self::set_token) to
    /// begin again.
    ///
    /// ```
    /// # async fn end(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// use token_cache::LoggedOut;
    ///
    /// if let LoggedOut::NotRevoked { error } = tokens.logout().await? {
    ///     eprintln!("logged out, but the vendor did not revoke the token: {error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) if the tombstone could not be written: then nothing
    /// was revoked or dropped.
    pub async fn logout(&self) -> Result<LoggedOut, Error> {
        self.shared.logout().await
    }

    /// Returns what the current token and the store know about the grant. The vendor is not asked.
    ///
    /// ```
    /// # async fn status(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// use token_cache::GrantState;
    ///
    /// if tokens.grant_state().await? == GrantState::LoginRequired {
    ///     println!("log in again");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) if the current token is not live and the store
    /// cannot be read.
    pub async fn grant_state(&self) -> Result<GrantState, Error> {
        self.shared.grant_state().await
    }

    /// Forgets that the vendor refused the grant, so that the next caller tries it again, for
    /// example after somebody has repaired the account. A pause that the vendor asked for (a frozen
    /// account, `Retry-After`) is still kept.
    pub fn forget_rejection(&self) {
        self.shared.current.forget_refusal();
    }

    async fn begin_grant(&self, grant: NewGrant) -> Result<TokenGuard, Error> {
        self.shared.begin_grant(grant).await?;
        self.token().await
    }
}
