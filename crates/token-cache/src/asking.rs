//! Tokens for more than the moment, and other ones than the one in hand.

use std::time::Duration;

use token_core::{Error, ErrorKind, Generation, Scrubber, Token};

use crate::cache::TokenCache;
use crate::held::TokenGuard;

impl TokenCache {
    /// Returns a live token that lives for at least `span`, such as the time that a long upload
    /// takes or a signed URL is valid. If the token in hand does not, one exchange is made; none,
    /// if an exchange of the last minute has shown that it would be in vain.
    ///
    /// ```
    /// # async fn upload(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// use std::time::Duration;
    ///
    /// let token = tokens.token_valid_for(Duration::from_secs(20 * 60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token); [`Config`](token_core::ErrorKind::Config) if the vendor's tokens
    /// do not live that long, with both lifetimes in the message.
    pub async fn token_valid_for(&self, span: Duration) -> Result<TokenGuard, Error> {
        let token = self.token().await?;
        if let Some(token) = self.engine.live_for(span) {
            return Ok(token);
        }
        let newest = match self.engine.never_lives_for(span) {
            true => token,
            false => self.refresh_if(token.generation()).await?,
        };
        self.engine
            .live_for(span)
            .ok_or_else(|| too_short(&newest, span).with_key(&self.engine.key))
    }

    /// Returns another token than the one of this generation: makes an exchange now, however fresh
    /// the token is. Callers that name the same generation share one exchange; one that names an
    /// older generation gets the token in hand.
    ///
    /// ```
    /// # async fn force(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// let generation = tokens.token().await?.generation();
    /// let newer = tokens.refresh_if(generation).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A vendor that repeats its living token may answer with the same one, which is then returned.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token). After a failure, the pause before the next exchange is kept:
    /// [`Error::retry_after`] says how much of it is left.
    pub async fn refresh_if(&self, generation: Generation) -> Result<TokenGuard, Error> {
        self.engine
            .another(generation, self.engine.settings.wait)
            .await
    }
}

fn too_short(token: &Token, span: Duration) -> Error {
    let validity = token.validity();
    let life = validity.expires_at().since(validity.issued_at());
    let message = format!(
        "they live {} s, {} s were asked for",
        life.as_secs(),
        span.as_secs()
    );
    Error::new(
        ErrorKind::Config,
        "the vendor's tokens do not live as long as asked for",
    )
    .with_message(&message, &Scrubber::new([]))
}
