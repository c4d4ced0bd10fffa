//! From an endpoint to its cache and its client.

use reqwest_middleware::ClientWithMiddleware;
use token_cache::{TokenCache, TokenCacheBuilder};
use token_core::{BuildError, TokenEndpoint};

use super::client::ApiClient;
use super::middleware::client;
use crate::client::ReqwestClient;

/// Returns a builder for a cache that keeps one token of this endpoint fresh, with
/// [`ReqwestClient`] as its HTTP client.
///
/// ```
/// # use token_core::TokenEndpoint;
/// # fn build(endpoint: impl TokenEndpoint) -> Result<(), token_core::BuildError> {
/// let builder = token_reqwest::builder(endpoint)?;
/// let tokens = builder.api_url("https://api.example.com").build()?;
/// # Ok(())
/// # }
/// ```
///
/// Use [`TokenCache::builder`] for another HTTP client.
///
/// # Errors
///
/// [`BuildError`] if the machine has no root certificates.
pub fn builder(endpoint: impl TokenEndpoint) -> Result<TokenCacheBuilder, BuildError> {
    Ok(TokenCache::builder(endpoint).http_client(ReqwestClient::shared()?))
}

/// Turns an endpoint into its cache, or into a client that sends requests with its token.
///
/// ```
/// # use token_core::TokenEndpoint;
/// # async fn run(endpoint: impl TokenEndpoint) -> Result<(), Box<dyn std::error::Error>> {
/// use token_reqwest::IntoClient;
///
/// let api = endpoint.into_client()?;
/// let devices = api.get("https://api.example.com/devices").send().await?.text().await?;
/// # Ok(())
/// # }
/// ```
///
/// Every endpoint has these methods. For a store or other settings, use [`builder`] and
/// [`client`](crate::client).
pub trait IntoClient: TokenEndpoint + Sized {
    /// Returns a cache that keeps the token fresh, in memory and over reqwest.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the machine has no root certificates.
    fn into_cache(self) -> Result<TokenCache, BuildError> {
        builder(self)?.build()
    }

    /// Returns a reqwest client that sends each request with the token, and once more with a new
    /// token if the API refused it. The token is sent to the endpoint's own origins only.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the machine has no root certificates.
    fn into_client(self) -> Result<ClientWithMiddleware, BuildError> {
        let http = ApiClient::from_builder(reqwest::Client::builder())?;
        Ok(client(self.into_cache()?, http))
    }
}

impl<E: TokenEndpoint> IntoClient for E {}
