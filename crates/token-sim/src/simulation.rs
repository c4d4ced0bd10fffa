//! What the five simulators share: an HTTP server, the fault proxy in front of it, a clock and a
//! journal.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond};

use crate::clock::SimClock;
use crate::fault::{Fault, When};
use crate::hold::Hold;
use crate::journal::{Exchange, Journal};
use crate::proxy::{FaultProxy, FaultProxyBuilder};

/// A running simulator: its address, its clock, its journal and its faults.
///
/// Each vendor's simulator derefs to this. It stops when dropped.
pub struct Simulation {
    proxy: FaultProxy,
    clock: SimClock,
    resource_path: String,
    // Dropped after the proxy, which sends requests to it.
    server: MockServer,
}

impl Simulation {
    /// Returns `http://127.0.0.1:port`, or `https://localhost:port` with TLS, without a trailing
    /// slash.
    pub fn base_url(&self) -> String {
        self.proxy.base_url()
    }

    /// Returns the base URL followed by a path, which starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url())
    }

    /// Returns the URL of the protected resource, which answers 200 to a valid token and 401 to any
    /// other.
    pub fn resource_url(&self) -> String {
        self.url(&self.resource_path)
    }

    /// Returns the address that clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.proxy.addr()
    }

    /// Returns the clock of the simulator.
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// Returns the record of all requests; a clone of it outlives the simulator.
    pub fn journal(&self) -> &Journal {
        self.proxy.journal()
    }

    /// See [`Journal::exchanges`].
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.journal().exchanges()
    }

    /// See [`Journal::exchange_count`].
    pub fn exchange_count(&self) -> usize {
        self.journal().exchange_count()
    }

    /// See [`Journal::issued_count`].
    pub fn issued_count(&self) -> usize {
        self.journal().issued_count()
    }

    /// See [`Journal::undelivered_issued`].
    pub fn undelivered_issued(&self) -> usize {
        self.journal().undelivered_issued()
    }

    /// Returns whether a refresh token or a code was presented that had been used before.
    pub fn saw_reuse(&self) -> bool {
        self.journal().reuse_count() > 0
    }

    /// Waits until the `n`-th exchange (from 1) has an outcome, and returns it.
    pub async fn exchange(&self, n: usize) -> Exchange {
        self.journal().exchange(n).await
    }

    /// Returns how many connections were accepted so far.
    pub fn connection_count(&self) -> usize {
        self.proxy.connection_count()
    }

    /// See [`FaultProxy::fault`].
    pub fn fault(&self, fault: Fault) {
        self.proxy.fault(fault);
    }

    /// See [`FaultProxy::clear_faults`].
    pub fn clear_faults(&self) {
        self.proxy.clear_faults();
    }

    /// See [`FaultProxy::hold_next`].
    pub fn hold_next(&self, when: When) -> Hold {
        self.proxy.hold_next(when)
    }

    /// See [`FaultProxy::hold_all`].
    pub fn hold_all(&self, when: When) -> Hold {
        self.proxy.hold_all(when)
    }

    /// See [`FaultProxy::refuse_connections`].
    ///
    /// # Errors
    ///
    /// If the port cannot be kept.
    pub async fn refuse_connections(&self) -> io::Result<()> {
        self.proxy.refuse_connections().await
    }

    /// See [`FaultProxy::accept_connections`].
    ///
    /// # Errors
    ///
    /// If the operating system does not allow it.
    pub async fn accept_connections(&self) -> io::Result<()> {
        self.proxy.accept_connections().await
    }

    /// Starts an HTTP server, which answers nothing yet, and the proxy in front of it.
    pub(crate) async fn start(
        clock: SimClock,
        resource_path: &str,
        configure: impl FnOnce(FaultProxyBuilder) -> FaultProxyBuilder,
    ) -> io::Result<Self> {
        let server = MockServer::builder()
            .disable_request_recording()
            .start()
            .await;
        let proxy = FaultProxy::builder(*server.address()).clock(clock.clone());
        Ok(Self {
            proxy: configure(proxy).start().await?,
            clock,
            resource_path: resource_path.to_owned(),
            server,
        })
    }

    pub(crate) async fn serve(&self, handler: impl Respond + 'static) {
        Mock::given(any())
            .respond_with(handler)
            .mount(&self.server)
            .await;
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}
