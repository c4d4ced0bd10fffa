//! Connects to servers: name resolution, socket and TLS.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use token_core::{SendError, SendFailure};
use tokio::net::TcpStream;
use tower_service::Service as _;

use crate::parts::{
    Finding, TimeLeft, TimedOut, UnusedProxies, causes, socket_failure, tls_failure, unresolved,
};

/// What HTTP is spoken over.
pub(crate) trait Stream: Read + Write + Send + Unpin {}

impl<S: Read + Write + Send + Unpin> Stream for S {}

/// A new connection. The stream is in a box: over TLS it has more than a kilobyte, which hyper would
/// move a dozen times.
pub(crate) struct Connected {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) security: Security,
}

/// What a connection has of TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "there is no TLS"))]
pub(crate) enum Security {
    None,
    Tls12,
    Tls13,
}

#[cfg(feature = "rustls")]
impl From<hyper_rustls::MaybeHttpsStream<TokioIo<TcpStream>>> for Connected {
    fn from(stream: hyper_rustls::MaybeHttpsStream<TokioIo<TcpStream>>) -> Self {
        use hyper_rustls::MaybeHttpsStream::{Http, Https};

        match stream {
            Http(stream) => stream.into(),
            Https(stream) => Self {
                security: match stream.inner().get_ref().1.protocol_version() {
                    Some(rustls::ProtocolVersion::TLSv1_3) => Security::Tls13,
                    _ => Security::Tls12,
                },
                stream: Box::new(stream),
            },
        }
    }
}

impl From<TokioIo<TcpStream>> for Connected {
    fn from(stream: TokioIo<TcpStream>) -> Self {
        Self {
            stream: Box::new(stream),
            security: Security::None,
        }
    }
}

#[cfg(feature = "rustls")]
type Inner = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "rustls"))]
type Inner = HttpConnector;

const PROXY_ADVICE: &str = "this client uses none; that of `token-reqwest` does";

pub(crate) struct Connector {
    inner: Inner,
    within: Duration,
    unused_proxies: Option<UnusedProxies>,
}

impl Connector {
    pub(crate) fn new(
        #[cfg(feature = "rustls")] tls: rustls::ClientConfig,
        within: Duration,
        unused_proxies: Option<UnusedProxies>,
    ) -> Self {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        // Divided among the addresses of a name, so that a dead one does not use up all of it.
        http.set_connect_timeout(Some(within));
        #[cfg(feature = "rustls")]
        let http = {
            http.enforce_http(false);
            hyper_rustls::HttpsConnector::from((http, tls))
        };
        Self {
            inner: http,
            within,
            unused_proxies,
        }
    }

    /// Opens a connection to the host of this URL.
    pub(crate) async fn connect(
        &self,
        url: &Uri,
        time: &mut TimeLeft,
    ) -> Result<Connected, SendError> {
        let mut inner = self.inner.clone();
        let connecting = pin!(async {
            poll_fn(|context| inner.poll_ready(context)).await?;
            inner.call(url.clone()).await.map(Connected::from)
        });
        match time.connect(self.within, connecting).await {
            Ok(connected) => connected.map_err(|error| self.failed(find(error), url)),
            Err(TimedOut) => Err(self.timed_out(url)),
        }
    }

    /// Returns the error of a connection that was not ready in time.
    pub(crate) fn timed_out(&self, url: &Uri) -> SendError {
        self.failed(Finding::bare(SendFailure::Timeout), url)
    }

    fn failed(&self, finding: Finding, url: &Uri) -> SendError {
        let unused = self.unused_proxies.as_ref();
        let variable = unused.and_then(|unused| unused.for_url(url));
        finding
            .with_proxy_hint(variable, PROXY_ADVICE)
            .before_sending()
    }
}

/// Returns the most specific cause.
fn find(error: impl Into<Box<dyn Error + Send + Sync>>) -> Finding {
    let error: &(dyn Error + 'static) = &*error.into();
    tls_failure(error)
        .or_else(|| says(error, "dns error").then(|| unresolved(error)))
        .or_else(|| no_such_scheme(error))
        .or_else(|| has_timed_out(error).then(|| Finding::bare(SendFailure::Timeout)))
        .or_else(|| socket_failure(error, true))
        .unwrap_or(Finding::bare(SendFailure::Connect))
}

/// hyper-util's error has no public type, only constant texts.
fn says(error: &(dyn Error + 'static), text: &str) -> bool {
    causes(error).any(|cause| cause.to_string() == text)
}

fn no_such_scheme(error: &(dyn Error + 'static)) -> Option<Finding> {
    let detail = match () {
        () if says(error, "invalid URL, scheme is not http") => {
            "this build of token-hyper has no TLS; enable the feature `rustls`"
        }
        () if causes(error).any(|cause| cause.to_string().starts_with("unsupported scheme")) => {
            "the scheme is neither http nor https"
        }
        () => return None,
    };
    Some(Finding::with_detail(SendFailure::Unsendable, detail))
}

fn has_timed_out(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none())
}
