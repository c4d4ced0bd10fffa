//! A proxy that breaks connections and answers.

mod connection;
mod port;
mod sending;
mod server;
mod upstream;
mod wire;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::clock::SimClock;
use crate::fault::queue::FaultQueue;
use crate::fault::{Fault, When};
use crate::hold::{Gates, Hold};
use crate::journal::Journal;
#[cfg(feature = "tls")]
use crate::tls::Tls;
use connection::ProxyState;
use server::Server;
pub(crate) use upstream::{Simulated, Upstream};

/// An HTTP/1.1 proxy on a loopback port, in front of one loopback server, with faults on demand.
///
/// Every simulator of this crate has one built in; it can also be put in front of any other server
/// under test:
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// use token_sim::{Fault, FaultProxy};
///
/// let upstream = std::net::SocketAddr::from(([127, 0, 0, 1], 8080));
/// let proxy = FaultProxy::start(upstream).await?;
/// proxy.fault(Fault::cut_in_body());
/// // … a client of `proxy.base_url()` now reads half an answer, once …
/// # Ok(())
/// # }
/// ```
///
/// It reads each request in full, sends it to the upstream server over a new connection, reads the
/// answer in full and returns it. Once a request has been read, the upstream server sees it even if
/// the client disconnects, as with a real server. A client that has closed its side, even only for
/// writing, counts as disconnected and gets no answer.
///
/// The proxy runs on its own thread, apart from the test's runtime and its paused time, and stops
/// when dropped.
pub struct FaultProxy {
    state: Arc<ProxyState>,
    server: Server,
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream`.
    ///
    /// # Errors
    ///
    /// If there is no free loopback port or the thread cannot be started.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        Self::builder(upstream).start().await
    }

    /// Returns a builder, for a proxy with its own clock or with TLS.
    pub fn builder(upstream: SocketAddr) -> FaultProxyBuilder {
        FaultProxyBuilder::new(Upstream::Foreign(upstream))
    }

    /// Returns the address that clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Returns `http://127.0.0.1:port`, or `https://localhost:port` with TLS, without a trailing
    /// slash.
    pub fn base_url(&self) -> String {
        #[cfg(feature = "tls")]
        if self.state.tls.is_some() {
            return format!("https://localhost:{}", self.addr().port());
        }
        format!("http://{}", self.addr())
    }

    /// Returns the record of the requests so far.
    pub fn journal(&self) -> &Journal {
        &self.state.journal
    }

    /// Returns how many connections were accepted so far.
    pub fn connection_count(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Adds a fault to the end of the queue.
    pub fn fault(&self, fault: Fault) {
        self.state.faults.push(fault);
    }

    /// Removes all faults that have not taken effect yet. Requests in progress are not affected.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// Holds the next exchange at this point until the hold is released or dropped.
    pub fn hold_next(&self, when: When) -> Hold {
        self.state.gates.set(when, Some(1))
    }

    /// Holds all exchanges at this point until the hold is released or dropped.
    pub fn hold_all(&self, when: When) -> Hold {
        self.state.gates.set(when, None)
    }

    /// Stops listening and cuts every open connection: new connections are refused. The port stays
    /// bound, so that no other process gets it.
    ///
    /// # Errors
    ///
    /// If the port cannot be kept.
    pub async fn refuse_connections(&self) -> io::Result<()> {
        self.server.refuse().await
    }

    /// Listens again on the same port.
    ///
    /// # Errors
    ///
    /// If the operating system does not allow it.
    pub async fn accept_connections(&self) -> io::Result<()> {
        self.server.accept().await
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}

/// The settings of a [`FaultProxy`].
#[must_use = "a builder does nothing until `start`"]
pub struct FaultProxyBuilder {
    upstream: Upstream,
    port: u16,
    clock: Option<SimClock>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl FaultProxyBuilder {
    pub(crate) fn new(upstream: Upstream) -> Self {
        Self {
            upstream,
            port: 0,
            clock: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Sets the loopback port. Default: a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Writes this clock's time into the `Date` header of every answer, and into the journal.
    ///
    /// Default: the upstream server's `Date`.
    pub fn clock(mut self, clock: SimClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Terminates TLS in front of the plain upstream server.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Starts the proxy.
    ///
    /// # Errors
    ///
    /// If the loopback port is not free or the thread cannot be started.
    pub async fn start(self) -> io::Result<FaultProxy> {
        let state = Arc::new(ProxyState {
            upstream: self.upstream,
            journal: Journal::new(self.clock.clone().unwrap_or_default()),
            date: self.clock,
            faults: FaultQueue::default(),
            gates: Gates::default(),
            connections: AtomicUsize::new(0),
            #[cfg(feature = "tls")]
            tls: self.tls,
        });
        let server = Server::start(self.port, Arc::clone(&state)).await?;
        Ok(FaultProxy { state, server })
    }
}

impl fmt::Debug for FaultProxyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxyBuilder")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
