//! Sends requests with reqwest.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Uri};
use reqwest::redirect::Policy;
use reqwest::{Body, retry};
use token_core::{BuildError, HttpClient, SendError, SendFailure};

use crate::answer::{MOST_HEADERS_READ, whole_answer};
#[cfg(feature = "rustls")]
use crate::environment::UnusedProxies;
use crate::failure::{never_connected, no_answer};
use crate::redirects::follows_none;
use crate::stage::{NoteConnecting, Stage};

/// An [`HttpClient`] that uses reqwest.
///
/// ```
/// # #[cfg(feature = "rustls")] {
/// use std::time::Duration;
/// use token_reqwest::ReqwestClient;
///
/// let client = ReqwestClient::builder()
///     .connect_timeout(Duration::from_secs(5))
///     .user_agent("meter-reader/1.2")
///     .build()?;
/// # }
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// Each request uses a new HTTP/1.1 connection. Reusing a connection would save one handshake per
/// token request, about one an hour. But a server may close an idle connection just as a refresh
/// token is sent over it, and then it is unknown whether the server used the token.
///
/// reqwest gets the body in a form that cannot be sent twice, so that neither its retries nor
/// hyper's can use a refresh token a second time.
///
/// Clones are cheap and share one `reqwest::Client`. [`send`](HttpClient::send) needs a Tokio
/// runtime with I/O and time enabled. A client from [`builder`](Self::builder) is not tied to one
/// runtime.
#[derive(Clone)]
pub struct ReqwestClient {
    client: reqwest::Client,
    #[cfg(feature = "rustls")]
    unused_proxies: Option<UnusedProxies>,
}

impl ReqwestClient {
    /// Builds a client from reqwest's builder, for settings that [`ReqwestClient::builder`] does
    /// not have: another TLS library, a resolver, a local address, HTTP/2.
    ///
    /// ```
    /// use token_reqwest::ReqwestClient;
    ///
    /// let settings = reqwest::Client::builder().no_proxy().tcp_nodelay(true);
    /// let client = ReqwestClient::from_builder(settings)?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// Redirects, the referer, retries, the pool, decompression and verbose logs are disabled,
    /// whatever the builder says. Everything else is kept. Note reqwest's defaults: proxies of the
    /// environment are used unless `no_proxy()` is called, and there is no connect timeout, so that
    /// only the total time applies.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if reqwest cannot build the client, for example because there are no root
    /// certificates or one does not parse.
    pub fn from_builder(settings: reqwest::ClientBuilder) -> Result<Self, BuildError> {
        build_hardened(settings)
            .map(Self::of)
            .map_err(|_| BuildError::invalid("settings", "are refused by reqwest"))
    }

    /// Uses a client that the program already has. Prefer [`ReqwestClient::from_builder`].
    ///
    /// ```
    /// use token_reqwest::ReqwestClient;
    ///
    /// let own = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    /// let client = ReqwestClient::from_client(own)?;
    /// assert!(ReqwestClient::from_client(reqwest::Client::new()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A finished client can be neither changed nor fully inspected, so it offers less:
    ///
    /// * *Known outcomes*: only reqwest's error that it could not connect proves that nothing was
    ///   sent. After a timeout the outcome counts as unknown, even if there was no connection.
    /// * *No pool*: if the server closes an idle connection just as it is reused, the outcome is
    ///   unknown.
    /// * *Connect and read timeouts*: the client's, if it has any. The total time always applies.
    /// * *Independence of a runtime*: a pooled connection belongs to the runtime that opened it. If
    ///   that runtime stops during a token request, the outcome is unknown. The guarantee of
    ///   `token-cache` that a token request continues when its caller is gone does not hold then.
    /// * *Proxies, default headers, cookies, decompression, `connection_verbose`*: as the client
    ///   was built. With `connection_verbose(true)` reqwest logs every byte at TRACE, including
    ///   tokens.
    ///
    /// Still guaranteed: nothing is sent twice, and a body of more than
    /// [`LONGEST_BODY`](token_core::LONGEST_BODY) bytes is an error.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the client may follow redirects: they could send secrets in headers, in
    /// the query and in the referer to any host that the server names. Build it with
    /// [`Policy::none`]. The policy is read from the client's `Debug` output; if a version of
    /// reqwest does not show it, the client is refused.
    pub fn from_client(client: reqwest::Client) -> Result<Self, BuildError> {
        if !follows_none(&client) {
            let why =
                "may follow redirects; build it with `redirect(reqwest::redirect::Policy::none())`";
            return Err(BuildError::invalid("client", why));
        }
        Ok(Self::of(client))
    }

    pub(crate) fn of(client: reqwest::Client) -> Self {
        Self {
            client,
            #[cfg(feature = "rustls")]
            unused_proxies: None,
        }
    }

    #[cfg(feature = "rustls")]
    pub(crate) fn with_unused_proxies(self, unused_proxies: Option<UnusedProxies>) -> Self {
        Self {
            unused_proxies,
            ..self
        }
    }

    /// Returns the ignored variable of the environment that names a proxy for this URL.
    fn unused_proxy(&self, url: &Uri) -> Option<&'static str> {
        #[cfg(feature = "rustls")]
        return self.unused_proxies.as_ref()?.for_url(url);
        #[cfg(not(feature = "rustls"))]
        {
            let _ = url;
            None
        }
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        stage: &Stage,
    ) -> Result<http::Response<Bytes>, SendError> {
        let unused_proxy = self.unused_proxy(request.uri());
        let request = sendable(request)?;
        let sending = self.client.execute(request).await;
        let response = sending.map_err(|error| no_answer(&error, stage, unused_proxy))?;
        whole_answer(response).await
    }
}

impl fmt::Debug for ReqwestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestClient")
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let stage = Stage::default();
        let unused_proxy = self.unused_proxy(request.uri());
        let exchange = stage.observe(self.exchange(request, &stage));
        match tokio::time::timeout(within, exchange).await {
            Ok(outcome) => outcome,
            Err(_) if stage.proves_nothing_left() => Err(never_connected(unused_proxy)),
            Err(_) => Err(SendError::maybe_sent(SendFailure::Timeout)),
        }
    }
}

fn sendable(request: http::Request<Bytes>) -> Result<reqwest::Request, SendError> {
    let mut request = request;
    let has_body = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    if has_body && request.body().is_empty() {
        // hyper leaves it out, and some servers then answer 411
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    request
        .map(sent_once)
        .try_into()
        .map_err(|_| SendError::before_sending(SendFailure::Unsendable))
}

/// A body that counts as a stream cannot be cloned, so no retry policy or layer can send it again.
fn sent_once(body: Bytes) -> Body {
    Body::wrap(Body::from(body))
}

pub(crate) fn build_hardened(settings: reqwest::ClientBuilder) -> reqwest::Result<reqwest::Client> {
    settings
        .redirect(Policy::none())
        .referer(false)
        .retry(retry::never())
        .pool_max_idle_per_host(0)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .http1_max_headers(MOST_HEADERS_READ)
        .connection_verbose(false)
        .connector_layer(NoteConnecting)
        .build()
}
