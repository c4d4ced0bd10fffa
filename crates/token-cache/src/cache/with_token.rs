//! Calls an API by any client.

use token_core::Error;

use super::TokenCache;
use super::api_call::{is_same, refused_again};
use crate::current::token_guard::TokenGuard;
use crate::telemetry::metric;

impl TokenCache {
    /// Calls an API with the token by any client, and once more with a new token if the API
    /// refused it. `is_refused` tells whether a result is that refusal, and that the request was
    /// then not carried out.
    ///
    /// ```
    /// # use token_cache::TokenCache;
    /// # struct Client;
    /// # impl Client {
    /// #     async fn devices(&self, _bearer: &str) -> Result<Vec<String>, u16> { Ok(vec![]) }
    /// # }
    /// # async fn run(tokens: TokenCache, client: Client) -> Result<(), token_core::Error> {
    /// let devices = tokens
    ///     .with_token(
    ///         async |token| client.devices(token.access().expose()).await,
    ///         |result| matches!(result, Err(401)),
    ///     )
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Where the token is sent is up to the closure: no host is checked. A result in `Ok` prolongs
    /// a sliding session; a failure may be that of a request that never arrived, and does not.
    ///
    /// # Errors
    ///
    /// The same as [`token`](Self::token);
    /// [`RefusedAgain`](token_core::ErrorKind::RefusedAgain) if a new token was refused too. The
    /// result of the call is in `Ok`, also if it is a failure.
    // `AsyncFn` would be the better bound, but its futures cannot be said to be `Send`.
    pub async fn with_token<T, E, Fut>(
        &self,
        call: impl Fn(TokenGuard) -> Fut,
        is_refused: impl Fn(&Result<T, E>) -> bool,
    ) -> Result<Result<T, E>, Error>
    where
        Fut: Future<Output = Result<T, E>>,
    {
        let first = self.token().await?.detached();
        let result = call(first.detached_clone()).await;
        if !is_refused(&result) {
            self.note_use(&first, &result);
            return Ok(result);
        }
        let second = self.in_place_of(&first).await;
        metric::api_refused(self.key(), metric::TOKEN_REFUSED, second.is_ok());
        let second = second?;
        let result = call(second.detached_clone()).await;
        if is_refused(&result) {
            metric::api_refused(self.key(), metric::TOKEN_REFUSED, false);
            self.invalidate(&second);
            return Err(refused_again().with_key(self.key()));
        }
        self.note_use(&second, &result);
        Ok(result)
    }

    /// Returns another token than this one, which an API refused.
    async fn in_place_of(&self, refused: &TokenGuard) -> Result<TokenGuard, Error> {
        self.invalidate(refused);
        let next = self.token().await?.detached();
        match is_same(refused, &next) {
            true => Err(refused_again().with_key(self.key())),
            false => Ok(next),
        }
    }

    /// A failure may be that of a request that never arrived, so it is no use.
    fn note_use<T, E>(&self, token: &TokenGuard, result: &Result<T, E>) {
        if result.is_ok() {
            self.shared.current.note_use(token);
        }
    }
}
