//! Builds a [`ReqwestClient`].

mod checks;

use std::fmt;
use std::time::Duration;

use http::Uri;
use reqwest::{ClientBuilder, Identity, Proxy};
use token_core::{BuildError, Secret};
use token_hyper::parts::{Environment, MOST_REQUESTS, nonzero, requests_per_host, user_agent};

use self::checks::{certificates, why_not_built};
use crate::client::ReqwestClient;
use crate::connections::{Clients, Maker};
use crate::environment;
use crate::routes::Limit;
use crate::stage::Connections;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a connection with requests under way is checked, so that one whose peer is gone fails.
#[cfg(feature = "http2")]
const PING: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A builder for a [`ReqwestClient`]. Settings are checked in
/// [`build`](ReqwestClientBuilder::build).
///
/// ```
/// use token_core::Secret;
/// use token_reqwest::ReqwestClient;
///
/// let client = ReqwestClient::builder()
///     .proxy("http://proxy.example.com:3128")
///     .proxy_credentials("reader", Secret::from("s3cr3t"))
///     .build()?;
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[must_use]
pub struct ReqwestClientBuilder {
    connect_timeout: Duration,
    read_timeout: Duration,
    user_agent: String,
    root_certificates: Vec<String>,
    trust: Trust,
    client_certificate: Option<ClientCertificate>,
    route: Route,
    proxy_credentials: Option<(String, Secret)>,
    max_requests_per_host: u16,
}

enum Trust {
    PlatformAndAdded,
    AddedOnly,
}

struct ClientCertificate {
    chain: String,
    key: Secret,
}

enum Route {
    Direct,
    System,
    Proxy(String),
}

#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
impl ReqwestClient {
    /// Builds a client with the defaults of [`ReqwestClient::builder`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the machine has no root certificates, as in an empty container.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Returns a builder, to set a proxy, certificates or timeouts.
    pub fn builder() -> ReqwestClientBuilder {
        ReqwestClientBuilder {
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            user_agent: USER_AGENT.to_owned(),
            root_certificates: Vec::new(),
            trust: Trust::PlatformAndAdded,
            client_certificate: None,
            route: Route::Direct,
            proxy_credentials: None,
            max_requests_per_host: MOST_REQUESTS,
        }
    }
}

impl ReqwestClientBuilder {
    /// Sets the time limit for name resolution, connecting, the proxy and TLS together. Default: 10
    /// seconds. The total time passed to `send` applies as well.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time limit from the start of the request to the answer's headers, and then between
    /// two reads of the body. Default: 30 seconds. The total time passed to `send` applies as well.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets the `User-Agent` header, which is also sent to a proxy. Default: `token-reqwest/` and
    /// the version of this crate.
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    /// Trusts these root certificates as well: one or more, in PEM. Further calls add to them.
    pub fn add_root_certificates_pem(mut self, certificates: &str) -> Self {
        self.root_certificates.push(certificates.to_owned());
        self
    }

    /// Trusts only the certificates from
    /// [`add_root_certificates_pem`](Self::add_root_certificates_pem), not those of the platform.
    pub fn only_added_root_certificates(mut self) -> Self {
        self.trust = Trust::AddedOnly;
        self
    }

    /// Sets the client certificate for servers that request one (mutual TLS): the chain in PEM, the
    /// client's own certificate first, and its private key in PEM (PKCS #8, PKCS #1 or SEC 1).
    pub fn client_certificate_pem(mut self, chain: &str, key: Secret) -> Self {
        self.client_certificate = Some(ClientCertificate {
            chain: chain.to_owned(),
            key,
        });
        self
    }

    /// Sends all requests through this proxy, `http://host:port` or `https://host:port`. Requests
    /// to an `https://` endpoint are tunnelled, so that the proxy sees only its host and port. The
    /// proxy sees requests to an `http://` endpoint in full.
    pub fn proxy(mut self, url: &str) -> Self {
        self.route = Route::Proxy(url.to_owned());
        self
    }

    /// Uses the proxies of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`),
    /// read when the client is built, and with the feature `system-proxy` also those of macOS and
    /// Windows. An empty variable counts as unset.
    ///
    /// Otherwise these proxies are ignored, and the error of a failed connection names the ignored
    /// variable.
    pub fn system_proxy(mut self) -> Self {
        self.route = Route::System;
        self
    }

    /// Sets the user name and the password for [`proxy`](Self::proxy).
    pub fn proxy_credentials(mut self, user: &str, password: Secret) -> Self {
        self.proxy_credentials = Some((user.to_owned(), password));
        self
    }

    /// Sets how many requests to one scheme, host and port may be under way at the same time, so
    /// that many exchanges that are due at once do not use up the process's file descriptors.
    /// Others wait, for as long as the total time passed to `send` allows. Default: 64. Each
    /// runtime has its own limit.
    pub fn max_requests_per_host(mut self, limit: u16) -> Self {
        self.max_requests_per_host = limit;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if a timeout or the limit per host is zero, the `User-Agent` is not a valid
    /// header value, a certificate or key does not parse or they do not belong together, the proxy
    /// is not an HTTP URL or contains credentials, or the machine has no root certificates and none
    /// were added.
    pub fn build(self) -> Result<ReqwestClient, BuildError> {
        let limit = Limit::new(requests_per_host(self.max_requests_per_host)?);
        let environment = Environment::read();
        let unused = match self.route {
            Route::Direct => environment.unused(),
            _ => None,
        };
        let read_timeout = nonzero("read_timeout", self.read_timeout)?;
        let settings = move |connections| self.settings(connections, &environment);
        let clients = Clients::made_by(Maker::new(settings, why_not_built))?;
        Ok(ReqwestClient::with(clients, limit, read_timeout, unused))
    }

    fn settings(
        &self,
        connections: Connections,
        environment: &Environment,
    ) -> Result<ClientBuilder, BuildError> {
        let settings = reqwest::Client::builder()
            .connect_timeout(nonzero("connect_timeout", self.connect_timeout)?)
            .user_agent(user_agent(&self.user_agent)?);
        let settings = version(settings, connections);
        let settings = self.route(settings, environment)?;
        let settings = self.trust(settings)?;
        self.identify(settings)
    }

    fn route(
        &self,
        settings: ClientBuilder,
        environment: &Environment,
    ) -> Result<ClientBuilder, BuildError> {
        match &self.route {
            Route::Direct if self.proxy_credentials.is_some() => Err(BuildError::missing("proxy")),
            Route::Direct => Ok(settings.no_proxy()),
            Route::System => Ok(environment::route(settings, environment)),
            Route::Proxy(url) => Ok(settings.proxy(self.proxy_at(url)?)),
        }
    }

    fn proxy_at(&self, url: &str) -> Result<Proxy, BuildError> {
        let uri: Uri = url
            .parse()
            .map_err(|_| BuildError::invalid("proxy", "is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(BuildError::invalid(
                "proxy",
                "begins with neither `http://` nor `https://`",
            ));
        }
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            let why = "contains credentials; pass them to `proxy_credentials`";
            return Err(BuildError::invalid("proxy", why));
        }
        let proxy = Proxy::all(url).map_err(|_| BuildError::invalid("proxy", "is not a URL"))?;
        Ok(match &self.proxy_credentials {
            Some((user, password)) => proxy.basic_auth(user, password.expose()),
            None => proxy,
        })
    }

    fn trust(&self, settings: ClientBuilder) -> Result<ClientBuilder, BuildError> {
        let mut added = Vec::new();
        for pem in &self.root_certificates {
            added.extend(certificates(pem)?);
        }
        match self.trust {
            Trust::AddedOnly if added.is_empty() => Err(BuildError::missing("root_certificates")),
            Trust::AddedOnly => Ok(settings.tls_certs_only(added)),
            Trust::PlatformAndAdded => Ok(settings.tls_certs_merge(added)),
        }
    }

    fn identify(&self, settings: ClientBuilder) -> Result<ClientBuilder, BuildError> {
        let Some(ClientCertificate { chain, key }) = &self.client_certificate else {
            return Ok(settings);
        };
        let both = Secret::from(format!("{chain}\n{}", key.expose()));
        Identity::from_pem(both.expose().as_bytes())
            .map(|identity| settings.identity(identity))
            .map_err(|_| {
                BuildError::invalid(
                    "client_certificate",
                    "is not a certificate and its key in PEM",
                )
            })
    }
}

impl fmt::Debug for ReqwestClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestClientBuilder")
    }
}

/// HTTP/2 saves nothing on a connection for one request.
fn version(settings: ClientBuilder, connections: Connections) -> ClientBuilder {
    #[cfg(feature = "http2")]
    if connections == Connections::Kept {
        return settings
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING);
    }
    let _ = connections;
    settings.http1_only()
}
