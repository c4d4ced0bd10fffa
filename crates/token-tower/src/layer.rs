//! The layer, and what it is told.

use std::sync::Arc;

use token_cache::TokenCache;
use token_core::ApiOrigin;
use tower_layer::Layer;

use crate::answer::Protocol;
use crate::service::TokenService;
use crate::settings::Settings;

/// Puts the token on the requests of an HTTP client that is a tower service, and sends a request
/// once more with a new token if the API refused the first.
///
/// ```
/// use http_body_util::Full;
/// use hyper_util::client::legacy::Client;
/// use hyper_util::rt::TokioExecutor;
/// use token_tower::TokenLayer;
/// use token_tower::token_core::reexports::{Bytes, http::Request};
/// use tower::{ServiceBuilder, ServiceExt};
/// # use hyper_util::client::legacy::connect::HttpConnector as HttpsConnector;
///
/// # async fn run(
/// #     tokens: token_cache::TokenCache,
/// #     https: HttpsConnector,
/// # ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let client = Client::builder(TokioExecutor::new()).build(https);
/// let api = ServiceBuilder::new().layer(TokenLayer::new(tokens)).service(client);
///
/// let request = Request::get("https://api.example.com/devices").body(Full::<Bytes>::default())?;
/// let response = api.oneshot(request).await?;
/// # Ok(())
/// # }
/// ```
///
/// The layer belongs directly around the client: above it are timeouts, retries, and a layer that
/// follows redirects. See the [crate's front page](crate) for the order and for what it does with
/// bodies.
#[derive(Clone, Debug)]
pub struct TokenLayer(Settings);

impl TokenLayer {
    /// Creates a layer that takes the tokens of this cache.
    pub fn new(tokens: TokenCache) -> Self {
        Self(Settings::new(tokens))
    }

    /// Says where requests go whose URI has no host, as those of clients that tonic generates.
    /// Without this, such a request fails, since nobody knows who would get the token.
    ///
    /// The origin must be the one that the inner service is connected to, and one of the
    /// [endpoint's](token_core::TokenEndpoint::api_origins) or one that the program names with
    /// [`api_url`](token_cache::TokenCacheBuilder::api_url); otherwise the request fails all the
    /// same. The inner service gets the URI without a host, as it came.
    ///
    /// ```
    /// use token_tower::TokenLayer;
    /// use token_tower::token_core::{BaseUrl, PlainHttp};
    ///
    /// # fn layer(tokens: token_cache::TokenCache) -> Result<(), token_core::BuildError> {
    /// let api = BaseUrl::parse("https://grpc.example.com", PlainHttp::Refused)?;
    /// let layer = TokenLayer::new(tokens).for_origin(&api.origin()).grpc();
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_origin(self, origin: &ApiOrigin) -> Self {
        Self(self.0.at(origin))
    }

    /// Also judges the status of gRPC: `grpc-status: 16` (`UNAUTHENTICATED`) in the headers of a
    /// response with HTTP status 200 refuses the token.
    ///
    /// The endpoint judges it as a 401 with `Bearer error="invalid_token"`, `PERMISSION_DENIED` as
    /// a 403 and `RESOURCE_EXHAUSTED` as a 429. A status in the trailers, after messages, is left
    /// to the caller: the call was carried out in part.
    pub fn grpc(self) -> Self {
        let protocol = Protocol::Grpc;
        Self(Settings { protocol, ..self.0 })
    }

    /// Sets how many bytes of a streamed request body are kept for the second send. If more were
    /// sent when the API refuses the token, the request fails with
    /// [`Transient`](token_core::ErrorKind::Transient) instead of being sent again. A body in one
    /// piece has no limit. Default: 64 KiB.
    pub fn replay_limit(self, bytes: usize) -> Self {
        let replay_limit = bytes;
        Self(Settings {
            replay_limit,
            ..self.0
        })
    }
}

impl<S> Layer<S> for TokenLayer {
    type Service = TokenService<S>;

    fn layer(&self, inner: S) -> TokenService<S> {
        TokenService::new(Arc::new(self.0.clone()), inner)
    }
}
