//! Sends requests with reqwest.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Uri};
use reqwest::Body;
use token_core::{BuildError, HttpClient, SendError, SendFailure};
#[cfg(feature = "rustls")]
use token_hyper::parts::UnusedProxies;
use token_hyper::parts::{
    MOST_REQUESTS, TimeLeft, TimedOut, has_too_many_headers, waited_for_others,
};
use tokio::runtime::Handle;

use crate::answer::whole_answer;
use crate::connections::{Clients, Maker};
use crate::failure::{cut_answer, never_connected, no_answer};
use crate::redirects::follows_none;
use crate::routes::{Limit, Route, Routes};
use crate::stage::{Connections, Stage};

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
/// A request uses a new connection, unless it is marked as [`Repeatable`](token_core::Repeatable):
/// a server may close an idle connection just as a refresh token is sent over it, and then it is
/// unknown whether the server used the token. Marked requests may use a connection of an earlier
/// one that has been idle for less than a second. Connections are kept for one runtime, the first
/// that sends such a request, until it shuts down.
///
/// reqwest gets the body in a form that cannot be sent twice, so that neither its retries nor
/// hyper's can use a refresh token a second time.
///
/// At most 64 requests to one scheme, host and port are under way at the same time; others wait,
/// for as long as `within` allows.
///
/// If the process is frozen during a request (a stopped process, a paused virtual machine) and its
/// time is over when the process runs again, what arrived meanwhile is read for up to 5 seconds: there
/// may be a new refresh token in it. A request that has not left by then is not sent.
/// Timeouts that a client of your own has still end it.
///
/// Clones are cheap and share one `reqwest::Client`. [`send`](HttpClient::send) needs a Tokio
/// runtime with I/O and time enabled. A client from [`builder`](Self::builder) is not tied to one
/// runtime.
#[derive(Clone)]
pub struct ReqwestClient(Arc<Parts>);

struct Parts {
    clients: Clients,
    routes: Routes,
    limit: Limit,
    read_timeout: Duration,
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
    /// let client = ReqwestClient::from_builder(|| {
    ///     reqwest::Client::builder().no_proxy().tcp_nodelay(true)
    /// })?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// `settings` is called for each reqwest client that is made: at once for the one that opens a
    /// connection per request, and later for one that keeps connections. Redirects, the referer,
    /// retries, decompression and verbose logs are disabled, and the pool is set, whatever the
    /// builder says. Everything else is kept. Note reqwest's defaults: proxies of the
    /// environment are used unless `no_proxy()` is called, and there is no connect timeout, so that
    /// only the total time applies.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if reqwest cannot build the client, for example because there are no root
    /// certificates or one does not parse.
    pub fn from_builder(
        settings: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Result<Self, BuildError> {
        let refused =
            |_: &reqwest::Error| BuildError::invalid("settings", "are refused by reqwest");
        let maker = Maker::new(move |_| Ok(settings()), refused);
        Clients::made_by(maker).map(Self::of)
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
    /// * *New connections*: its pool serves every request. If the server closes an idle connection
    ///   just as a single-use refresh token is sent over it, the outcome is unknown. Build the
    ///   client with `pool_max_idle_per_host(0)`.
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
    /// [`Policy::none`](reqwest::redirect::Policy::none). The policy is read from the client's
    /// `Debug` output; if a version of reqwest does not show it, the client is refused.
    pub fn from_client(client: reqwest::Client) -> Result<Self, BuildError> {
        if !follows_none(&client) {
            let why =
                "may follow redirects; build it with `redirect(reqwest::redirect::Policy::none())`";
            return Err(BuildError::invalid("client", why));
        }
        Ok(Self::of(Clients::of(client)))
    }

    fn of(clients: Clients) -> Self {
        Self(Arc::new(Parts {
            clients,
            routes: Routes::default(),
            limit: Limit::new(MOST_REQUESTS),
            // That of reqwest's client applies, if it has one.
            read_timeout: Duration::MAX,
            #[cfg(feature = "rustls")]
            unused_proxies: None,
        }))
    }

    #[cfg(feature = "rustls")]
    pub(crate) fn with(
        clients: Clients,
        limit: Limit,
        read_timeout: Duration,
        unused_proxies: Option<UnusedProxies>,
    ) -> Self {
        Self(Arc::new(Parts {
            clients,
            routes: Routes::default(),
            limit,
            read_timeout,
            unused_proxies,
        }))
    }

    /// Returns the ignored variable of the environment that names a proxy for this URL.
    fn unused_proxy(&self, url: &Uri) -> Option<&'static str> {
        #[cfg(feature = "rustls")]
        return self.0.unused_proxies.as_ref()?.for_url(url);
        #[cfg(not(feature = "rustls"))]
        {
            let _ = url;
            None
        }
    }

    async fn exchange(
        &self,
        request: &http::Request<Bytes>,
        mut time: TimeLeft,
    ) -> Result<http::Response<Bytes>, SendError> {
        let runtime = Handle::current().id();
        let parts = &*self.0;
        let route = parts.routes.find(runtime, request.uri(), &parts.limit)?;
        let permit = time.wait(pin!(route.permit())).await;
        let _permit = permit.map_err(|TimedOut| waited_for_others(parts.limit.most))?;
        let stage = Stage::default();
        let (mut client, mut connections) = parts.clients.choose(request, runtime);
        let mut was_sent = false;
        let mut response = loop {
            let answered = {
                let sent = async { client.execute(sendable(request, &route)).await };
                let sent = pin!(stage.observe(connections, sent));
                time.head(sent, || stage.proves_nothing_left()).await
            };
            let error = match answered {
                Ok(Ok(response)) => break response,
                Ok(Err(error)) => error,
                Err(TimedOut) => return Err(self.timed_out(request, &stage)),
            };
            // Over a new connection, more headers can be read.
            let may_be_repeated = connections == Connections::Kept && !time.is_over();
            if may_be_repeated && has_too_many_headers(&error) {
                (client, connections) = parts.clients.for_new_connections();
                was_sent = true;
                continue;
            }
            let unused_proxy = self.unused_proxy(request.uri());
            return Err(match was_sent {
                true => cut_answer(&error),
                false => no_answer(&error, &stage, unused_proxy),
            });
        };
        whole_answer(&mut response, &mut time).await
    }

    fn timed_out(&self, request: &http::Request<Bytes>, stage: &Stage) -> SendError {
        match stage.proves_nothing_left() {
            true => never_connected(self.unused_proxy(request.uri())),
            false => SendError::maybe_sent(SendFailure::Timeout),
        }
    }
}

impl fmt::Debug for ReqwestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestClient")
    }
}

impl HttpClient for ReqwestClient {
    // Without the macro, which holds the request twice: for more than a kilobyte, threads wait for
    // each other in glibc's allocator.
    fn send<'a, 'b>(
        &'a self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, SendError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let time = TimeLeft::new(within, self.0.read_timeout);
            self.exchange(&request, time).await
        })
    }
}

fn sendable(request: &http::Request<Bytes>, route: &Route) -> reqwest::Request {
    let mut sent = reqwest::Request::new(request.method().clone(), route.url().clone());
    *sent.version_mut() = request.version();
    let headers = sent.headers_mut();
    headers.clone_from(request.headers());
    if matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        // hyper leaves out that of an empty body, and some servers then answer 411. It also adds
        // that of others, but to a map that has just been copied, which grows for it.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body().len()));
    }
    *sent.body_mut() = Some(sent_once(request.body().clone()));
    sent
}

/// A body that counts as a stream cannot be cloned, so no retry policy or layer can send it again.
fn sent_once(body: Bytes) -> Body {
    Body::wrap(Body::from(body))
}
