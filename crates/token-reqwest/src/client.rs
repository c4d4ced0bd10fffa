//! Carries a request over reqwest.

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
use crate::stage::{NoteConnecting, Stage};

/// An [`HttpClient`] over reqwest.
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
/// Every request gets a connection of its own, over HTTP/1.1. A kept connection would save one
/// handshake per exchange, which is one per hour or so, and would cost certainty: a server may
/// close it just when a refresh token is on its way, and then nobody knows whether the token was
/// spent.
///
/// A body is never handed to reqwest in a form that could be sent twice, so neither reqwest's nor
/// hyper's own retries can spend a refresh token a second time.
///
/// Cheap to clone. It must be used inside a Tokio runtime with I/O and time enabled; it holds
/// nothing of a runtime, so it outlives one.
#[derive(Clone)]
pub struct ReqwestClient {
    client: reqwest::Client,
    #[cfg(feature = "rustls")]
    unused_proxies: Option<UnusedProxies>,
}

impl ReqwestClient {
    /// A client from reqwest's own builder, for what [`ReqwestClient::builder`] has no slot for:
    /// another TLS library, a resolver, a local address, HTTP/2. This is the recommended way to
    /// bring settings of one's own.
    ///
    /// ```
    /// use token_reqwest::ReqwestClient;
    ///
    /// let settings = reqwest::Client::builder().no_proxy().tcp_nodelay(true);
    /// let client = ReqwestClient::from_builder(settings)?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// Redirects, the referer, retries, the pool, decompression and the verbose log are switched
    /// off whatever the builder says. All else stays as it is. Mind reqwest's defaults: proxies of
    /// the environment are used unless `no_proxy()` is called, and no connect timeout is set, so
    /// that only the total one counts.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where reqwest cannot build the client: no root certificates, certificates
    /// that do not parse.
    pub fn from_builder(settings: reqwest::ClientBuilder) -> Result<Self, BuildError> {
        build_hardened(settings)
            .map(Self::of)
            .map_err(|_| BuildError::invalid("settings", "make no client: reqwest refuses them"))
    }

    /// A client that the program has already. Prefer [`ReqwestClient::from_builder`].
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
    /// What is lost, since a finished client can be neither changed nor fully looked into:
    ///
    /// * *certainty*: only reqwest's word that it could not connect proves that nothing was sent.
    ///   When the time is over, the outcome counts as unknown even if no connection was ever made.
    /// * *the absence of a pool*: a server that closes an idle connection just then makes an
    ///   outcome unknown.
    /// * *connect and read timeouts*: they are the client's own, if it has any. The total one
    ///   always counts.
    /// * *independence of a runtime*: a kept connection belongs to the runtime that made it. If
    ///   that one ends or stands still in the middle of an exchange, the outcome is unknown; what
    ///   the engine promises for exchanges whose caller is gone does not hold.
    /// * *proxies, default headers, cookies, decompression, `connection_verbose`*: they are as the
    ///   client was built. With `connection_verbose(true)` reqwest logs every byte at TRACE, tokens
    ///   included.
    ///
    /// What is kept: nothing is sent twice, and a body is cut off at
    /// [`LONGEST_BODY`](token_core::LONGEST_BODY) bytes.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where the client may follow redirects, which would carry secrets in headers,
    /// in the query and in the referer to whomever the server names. Build it with
    /// [`Policy::none`]. The client's `Debug` is where its policy can be read; where a version of
    /// reqwest does not show it, the client is refused.
    pub fn from_client(client: reqwest::Client) -> Result<Self, BuildError> {
        if !follows_no_redirects(&client) {
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

    /// The environment's setting that names a proxy for this URL, if it is left unused.
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
        // hyper leaves it out, and some servers answer 411 then
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    request
        .map(sent_once)
        .try_into()
        .map_err(|_| SendError::before_sending(SendFailure::Unsendable))
}

/// A body that counts as a stream cannot be copied, hence not be sent again by any policy or layer.
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

fn follows_no_redirects(client: &reqwest::Client) -> bool {
    format!("{client:?}").contains(r#"redirect_policy: "Policy(None)""#)
}
