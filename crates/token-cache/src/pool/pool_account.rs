//! What the program's function makes for an account.

use std::fmt;
use std::sync::Arc;

use token_core::{Token, TokenEndpoint};

use crate::refresh::endpoint_source::AnyEndpoint;

/// What a [`TokenPool`](crate::TokenPool) works with for one account: its endpoint, and the token
/// that its grant begins with, if there is one. An endpoint alone becomes one by `into()`.
///
/// ```
/// # use token_core::{HttpClient, Secret, Token, TokenEndpoint};
/// # async fn run<E: TokenEndpoint>(
/// #     http: impl HttpClient,
/// #     acme: impl Fn(&str) -> E + Send + Sync + 'static,
/// #     refresh_token: impl Fn(&str) -> Secret + Send + Sync + 'static,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use token_cache::{PoolAccount, TokenPool};
///
/// let pool = TokenPool::builder(move |account| {
///     let first = Token::from_refresh_token(refresh_token(account))?;
///     Ok(PoolAccount::of(acme(account)).initial_token(first))
/// })
/// .http_client(http)
/// .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct PoolAccount {
    pub(super) endpoint: AnyEndpoint,
    pub(super) initial: Option<Token>,
}

impl PoolAccount {
    /// An account with this endpoint.
    pub fn of(endpoint: impl TokenEndpoint) -> Self {
        Self {
            endpoint: Arc::new(endpoint),
            initial: None,
        }
    }

    /// Sets the token that the grant begins with, as
    /// [`TokenCacheBuilder::initial_token`](crate::TokenCacheBuilder::initial_token) does.
    pub fn initial_token(self, token: Token) -> Self {
        Self {
            initial: Some(token),
            ..self
        }
    }
}

impl<E: TokenEndpoint> From<E> for PoolAccount {
    fn from(endpoint: E) -> Self {
        Self::of(endpoint)
    }
}

impl fmt::Debug for PoolAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolAccount({})", self.endpoint.key())
    }
}
