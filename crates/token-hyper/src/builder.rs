//! Builds a [`HyperClient`].

#[cfg(feature = "rustls")]
mod tls;

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use token_core::BuildError;
#[cfg(feature = "rustls")]
use token_core::Secret;

use crate::client::HyperClient;
use crate::connector::Connector;
use crate::parts::{Environment, MOST_REQUESTS, nonzero, requests_per_host, user_agent};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

static SHARED: OnceLock<HyperClient> = OnceLock::new();

/// A builder for a [`HyperClient`]. Settings are checked in [`build`](HyperClientBuilder::build).
///
/// ```
/// use std::time::Duration;
/// use token_hyper::HyperClient;
///
/// let client = HyperClient::builder()
///     .read_timeout(Duration::from_secs(10))
///     .max_requests_per_host(16)
///     .build()?;
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[must_use]
pub struct HyperClientBuilder {
    connect_timeout: Duration,
    read_timeout: Duration,
    user_agent: String,
    max_requests_per_host: u16,
    #[cfg(feature = "rustls")]
    tls: tls::Settings,
}

impl HyperClient {
    /// Builds a client with the defaults of [`HyperClient::builder`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the machine has no root certificates, as in an empty container.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Returns a builder, to set certificates or timeouts.
    pub fn builder() -> HyperClientBuilder {
        HyperClientBuilder {
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            user_agent: USER_AGENT.to_owned(),
            max_requests_per_host: MOST_REQUESTS,
            #[cfg(feature = "rustls")]
            tls: tls::Settings::default(),
        }
    }

    /// Returns a client with the defaults of [`HyperClient::builder`] that the whole process
    /// shares, so that root certificates are read once, and connections and the limit to requests
    /// per host are shared. It is built when it is first asked for.
    ///
    /// ```
    /// use token_hyper::HyperClient;
    ///
    /// let client = HyperClient::shared()?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the machine has no root certificates. The next call tries again.
    pub fn shared() -> Result<Self, BuildError> {
        if let Some(shared) = SHARED.get() {
            return Ok(shared.clone());
        }
        let built = Self::new()?;
        Ok(SHARED.get_or_init(|| built).clone())
    }
}

impl HyperClientBuilder {
    /// Sets the time limit for name resolution, connecting and TLS together. Default: 10 seconds.
    /// The total time passed to `send` applies as well.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time limit for a connection, then to the answer's headers, and then between two reads
    /// of the body. Default: 30 seconds. The total time passed to `send` applies as well.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets the `User-Agent` header. Default: `token-hyper/` and the version of this crate.
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
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
    /// header value, a certificate or key does not parse or they do not belong together, or the
    /// machine has no root certificates and none were added.
    pub fn build(self) -> Result<HyperClient, BuildError> {
        let most = requests_per_host(self.max_requests_per_host)?;
        let connector = Connector::new(
            #[cfg(feature = "rustls")]
            self.tls.config()?,
            nonzero("connect_timeout", self.connect_timeout)?,
            Environment::read().unused(),
        );
        let read_timeout = nonzero("read_timeout", self.read_timeout)?;
        let user_agent = user_agent(&self.user_agent)?;
        Ok(HyperClient::with(connector, most, read_timeout, user_agent))
    }
}

#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
impl HyperClientBuilder {
    /// Trusts these root certificates as well: one or more, in PEM. Further calls add to them.
    pub fn add_root_certificates_pem(mut self, certificates: &str) -> Self {
        self.tls.root_certificates.push(certificates.to_owned());
        self
    }

    /// Trusts only the certificates from
    /// [`add_root_certificates_pem`](Self::add_root_certificates_pem), not those of the platform.
    pub fn only_added_root_certificates(mut self) -> Self {
        self.tls.only_added = true;
        self
    }

    /// Sets the client certificate for servers that request one (mutual TLS): the chain in PEM, the
    /// client's own certificate first, and its private key in PEM (PKCS #8, PKCS #1 or SEC 1).
    pub fn client_certificate_pem(mut self, chain: &str, key: Secret) -> Self {
        self.tls.client_certificate = Some((chain.to_owned(), key));
        self
    }
}

impl fmt::Debug for HyperClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HyperClientBuilder")
    }
}
