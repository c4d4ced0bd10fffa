//! Sends API requests with the token by any reqwest client.

use reqwest::{Request, Response};
use token_cache::TokenCache;

use super::call::{Call, ExecuteError, Judged};
use super::client::ApiSender;

/// Sends API requests with the token of a [`TokenCache`].
pub trait Execute {
    /// Sends a request with the token, and once more with a new token if the API refused it.
    ///
    /// ```
    /// # async fn run(tokens: token_cache::TokenCache) -> Result<(), Box<dyn std::error::Error>> {
    /// use token_reqwest::{ApiClient, Execute};
    ///
    /// let http = ApiClient::from_builder(reqwest::Client::builder())?;
    /// let request = http.get("https://api.example.com/devices").build()?;
    /// let devices = tokens.execute(&http, request).await?.text().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A request that has an `Authorization` of its own is sent as it is. To send another request
    /// without the token, use the client itself.
    ///
    /// The answer is the API's, whatever its status. If the endpoint has to look into the body for
    /// a refusal, so much of it is read as the endpoint asks for; the body of the answer is whole
    /// nevertheless. After a redirect, the answer counts only for a GET or HEAD.
    ///
    /// Dropping the future ends the request.
    ///
    /// # Errors
    ///
    /// [`ExecuteError::Token`] if there is no usable token or the API refused a new one too, if the
    /// token may not be sent to this host, or if a `reqwest::Client` may follow redirects (see
    /// [`ApiClient`](crate::ApiClient)); also if the token was refused and the body is a stream,
    /// which cannot be sent again. [`ExecuteError::Transport`] if reqwest failed.
    fn execute(
        &self,
        http: &impl ApiSender,
        request: Request,
    ) -> impl Future<Output = Result<Response, ExecuteError>> + Send;
}

impl Execute for TokenCache {
    async fn execute(
        &self,
        http: &impl ApiSender,
        request: Request,
    ) -> Result<Response, ExecuteError> {
        let http = http.checked()?;
        let mut call = Call::new(self, request)?;
        loop {
            let request = call.authorized().await?;
            let response = http.execute(request).await?;
            if let Judged::Final(response) = call.judge(response).await? {
                return Ok(response);
            }
        }
    }
}
