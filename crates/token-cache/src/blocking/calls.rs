//! Requests with the token: to an API by any client, or to the vendor.

use http::request::Parts;
use token_core::{Answer, ApiBody, Attempt, Error, Request};

use super::BlockingTokenCache;
use super::api_call::BlockingApiCall;
use crate::current::token_guard::TokenGuard;

impl BlockingTokenCache {
    /// Begins an API request with the token: see [`TokenCache::api_call`].
    ///
    /// [`TokenCache::api_call`]: crate::TokenCache::api_call
    pub fn api_call(&self) -> BlockingApiCall<'_> {
        BlockingApiCall::new(self)
    }

    /// Puts a live token on an API request: see [`TokenCache::authorize`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::authorize`].
    ///
    /// [`TokenCache::authorize`]: crate::TokenCache::authorize
    pub fn authorize(
        &self,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
    ) -> Result<TokenGuard, Error> {
        self.wait(self.tokens.authorize(request, body))?
    }

    /// Calls an API with the token by any client, and once more with a new token if the API
    /// refused it: see [`TokenCache::with_token`].
    ///
    /// ```
    /// # use token_cache::BlockingTokenCache;
    /// # struct Client;
    /// # impl Client {
    /// #     fn devices(&self, _bearer: &str) -> Result<Vec<String>, u16> { Ok(vec![]) }
    /// # }
    /// # fn run(tokens: BlockingTokenCache, client: Client) -> Result<(), token_core::Error> {
    /// let devices = tokens.with_token(
    ///     |token| client.devices(token.access().expose()),
    ///     |result| matches!(result, Err(401)),
    /// )?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::with_token`].
    ///
    /// [`TokenCache::with_token`]: crate::TokenCache::with_token
    pub fn with_token<T, E>(
        &self,
        call: impl Fn(TokenGuard) -> Result<T, E>,
        is_refused: impl Fn(&Result<T, E>) -> bool,
    ) -> Result<Result<T, E>, Error> {
        let call = |token| std::future::ready(call(token));
        self.wait(self.tokens.with_token(call, is_refused))?
    }

    /// Sends the vendor one request about the token, and reads the answer: see
    /// [`TokenCache::send_request`].
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::send_request`].
    ///
    /// [`TokenCache::send_request`]: crate::TokenCache::send_request
    pub fn send_request<T>(
        &self,
        build: impl FnOnce(&Attempt) -> Result<Request, Error>,
        read: impl FnOnce(&Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.wait(self.tokens.send_request(build, read))?
    }
}
