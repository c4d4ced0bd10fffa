//! The same as a middleware of reqwest-middleware.

use std::fmt;

use async_trait::async_trait;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use token_cache::{TokenCache, WithoutToken};

use super::call::{Call, ExecuteError, Judged};
use super::client::ApiClient;

/// Returns a client that sends each request with the token, and once more with a new token if the
/// API refused it.
///
/// ```
/// # async fn run(tokens: token_cache::TokenCache) -> Result<(), Box<dyn std::error::Error>> {
/// use token_cache::WithoutToken;
/// use token_reqwest::ApiClient;
///
/// let http = ApiClient::from_builder(reqwest::Client::builder())?;
/// let api = token_reqwest::client(tokens, http);
/// let devices = api.get("https://api.example.com/devices").send().await?.text().await?;
/// let health = api.get("https://api.example.com/health").with_extension(WithoutToken).send();
/// # Ok(())
/// # }
/// ```
///
/// It fails as [`TokenMiddleware`] does.
pub fn client(tokens: TokenCache, http: ApiClient) -> ClientWithMiddleware {
    let middleware = TokenMiddleware::new(tokens, &http);
    ClientBuilder::new(http.into_inner())
        .with(middleware)
        .build()
}

/// Puts the token on each request of a chain, and sends it once more with a new token if the API
/// refused it. [`client`] is the chain of it alone.
///
/// ```
/// # fn build(tokens: token_cache::TokenCache) -> Result<(), token_core::BuildError> {
/// use reqwest_middleware::ClientBuilder;
/// use token_reqwest::{ApiClient, TokenMiddleware};
///
/// let http = ApiClient::from_builder(reqwest::Client::builder())?;
/// let middleware = TokenMiddleware::new(tokens, &http);
/// let api = ClientBuilder::new(http.into_inner()).with(middleware).build();
/// # Ok(())
/// # }
/// ```
///
/// A request is sent without the token if it has an `Authorization` of its own or
/// [`WithoutToken`] among its extensions. Middlewares that come after this one see the token.
///
/// A failure of the token is a [`reqwest_middleware::Error::Middleware`] with a
/// [`token_core::Error`] to downcast to. A failure of reqwest is a
/// [`reqwest_middleware::Error::Reqwest`] without the URL, since that may contain the token.
pub struct TokenMiddleware {
    tokens: TokenCache,
}

impl TokenMiddleware {
    /// Creates the middleware for a chain that ends in this client, which takes the token to no
    /// other host.
    pub fn new(tokens: TokenCache, _http: &ApiClient) -> Self {
        Self { tokens }
    }

    async fn send(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let mut call = Call::new(&self.tokens, request).map_err(ExecuteError::from)?;
        loop {
            let request = call.authorized().await.map_err(ExecuteError::from)?;
            let response = next.clone().run(request, extensions).await?;
            if let Judged::Final(response) = call.judge(response).await? {
                return Ok(response);
            }
        }
    }
}

#[async_trait]
impl Middleware for TokenMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        if extensions.get::<WithoutToken>().is_some() {
            return next.run(request, extensions).await;
        }
        let sent = self.send(request, extensions, next).await;
        sent.map_err(reqwest_middleware::Error::without_url)
    }
}

impl From<ExecuteError> for reqwest_middleware::Error {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Token(error) => Self::middleware(error),
            ExecuteError::Transport(error) => Self::Reqwest(error),
        }
    }
}

impl fmt::Debug for TokenMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenMiddleware")
            .field(&self.tokens)
            .finish()
    }
}
