//! The beginning and the end of a grant, and what is known of it.

use token_core::{Error, OneTimeGrant, Token};

use super::TokenCache;
use crate::current::cached_token::TokenGuard;
use crate::refresh::grant_state::GrantState;
use crate::refresh::new_grants::NewGrant;
use crate::refresh::revoke::LoggedOut;

impl TokenCache {
    /// Gets the first token of a grant from a one-time code or a person's password. It is sent once
    /// and never again by itself.
    ///
    /// # Errors
    ///
    /// What the vendor says to it; [`Store`](token_core::ErrorKind::Store), with nothing sent,
    /// where the store cannot be reached.
    pub async fn redeem(&self, redemption: OneTimeGrant) -> Result<TokenGuard, Error> {
        self.begin(NewGrant::Redeem(redemption)).await
    }

    /// Takes over a token that you have, as the first of a new lineage, whatever the store holds.
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) where the store cannot be reached; what a refresh
    /// says where the token is expired.
    pub async fn set_token(&self, token: Token) -> Result<TokenGuard, Error> {
        self.begin(NewGrant::Set(token)).await
    }

    /// Ends the grant: leaves a tombstone in the store, so that a late commit does not bring it
    /// back, and asks the vendor to revoke the newest token that is known, if the vendor can. From
    /// the start on no token is published; once it has begun, it runs to its end, whatever becomes
    /// of its caller.
    ///
    /// An endpoint with a repeatable login gets a new grant when somebody asks for a token again:
    /// there a logout means "revoke and start over". To shut the program out, take its credential
    /// away. Any other needs [`redeem`](Self::redeem) or [`set_token`](Self::set_token).
    ///
    /// ```
    /// # async fn end(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// use token_cache::LoggedOut;
    ///
    /// if let LoggedOut::NotRevoked { error } = tokens.logout().await? {
    ///     eprintln!("the grant is over here, but the vendor was not told: {error}");
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

    /// Returns what the token in hand and the store know of the grant. The vendor is not asked.
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
    /// [`Store`](token_core::ErrorKind::Store) if there is no live token in hand and the store
    /// cannot be read.
    pub async fn grant_state(&self) -> Result<GrantState, Error> {
        self.shared.grant_state().await
    }

    /// Forgets that the vendor refused the grant, so that the next caller tries it again: the
    /// vendor was wrong, or somebody mended the account. What the vendor asked for (a frozen
    /// account, `Retry-After`) still counts.
    pub fn forget_rejection(&self) {
        self.shared.current.forget_refusal();
    }

    async fn begin(&self, grant: NewGrant) -> Result<TokenGuard, Error> {
        self.shared.begin(grant).await?;
        self.token().await
    }
}
