//! One server type for all vendors: the rules of one vendor behind the fault proxy.
#![expect(private_bounds, reason = "other crates cannot add vendors")]

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use crate::answer::Answer;
use crate::api_refusal::ApiRefusal;
use crate::call::Call;
use crate::clock::{Locked as _, SimClock};
use crate::journal::Kind;
use crate::proxy::{FaultProxyBuilder, Simulated, Upstream};
use crate::simulation::Simulation;
#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::vendor::{Issued, Reply, State, Tokens as _, Vendor};

/// A simulated token server of one vendor.
///
/// It derefs to [`Simulation`], which has what does not depend on the vendor: address, clock,
/// journal, faults and holds. The aliases ([`OAuth2Server`](crate::OAuth2Server),
/// [`EnosServer`](crate::EnosServer), …) say what each vendor documents and what is assumed.
///
/// The server stops when it is dropped.
pub struct Server<V: Vendor> {
    simulation: Simulation,
    running: Arc<Running<V>>,
}

/// The settings of a [`Server`].
#[must_use = "a builder does nothing until `start`"]
pub struct ServerBuilder<V: Vendor> {
    pub(crate) vendor: V,
    port: u16,
    clock: SimClock,
    resource_path: String,
    api_refusal_status: Option<u16>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

/// The rules and the state of a running server.
struct Running<V: Vendor> {
    vendor: V,
    state: Mutex<State<V>>,
    clock: SimClock,
    resource_path: String,
    api_refusal_status: Option<u16>,
}

impl<V: Vendor> Server<V> {
    /// Starts a server with the defaults.
    ///
    /// # Errors
    ///
    /// If there is no free loopback port or the thread cannot be started.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder with the defaults.
    pub fn builder() -> ServerBuilder<V> {
        ServerBuilder {
            vendor: V::default(),
            port: 0,
            clock: SimClock::real(),
            resource_path: "/resource".to_owned(),
            api_refusal_status: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Issues tokens without a request, as if the user had logged in earlier.
    ///
    /// A server that repeats a valid token ([`EnosServer`](crate::EnosServer)) repeats it here too.
    pub fn grant(&self) -> Issued {
        let now = self.clock().now_ms();
        self.change(|vendor, state| vendor.grant(state, now))
    }

    /// Revokes all access tokens issued so far; refresh tokens, if the vendor has them, still work.
    pub fn revoke_access_token(&self) {
        self.change(|_, state| state.tokens.revoke_access());
    }

    /// Revokes all refresh tokens issued so far; access tokens still work, unless they are the
    /// refresh tokens.
    pub fn revoke_grant(&self) {
        self.change(|_, state| state.tokens.revoke_refresh());
    }

    /// Refuses logins and refreshes, with the vendor's code for that, until the account is enabled
    /// again. Whether existing tokens still work depends on the vendor.
    pub fn disable_account(&self) {
        self.change(|_, state| state.disabled = true);
    }

    /// Ends [`disable_account`](Self::disable_account). Tokens that were revoked stay revoked.
    pub fn enable_account(&self) {
        self.change(|_, state| state.disabled = false);
    }

    /// Refuses the next request to the protected resource, whatever its token.
    pub fn refuse_next_api_request(&self, why: ApiRefusal) {
        self.change(|_, state| state.refuse_next = Some(why));
    }

    pub(crate) fn vendor(&self) -> &V {
        &self.running.vendor
    }

    /// Runs `change` on the state, outside of any request.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&V, &mut State<V>) -> T) -> T {
        change(&self.running.vendor, &mut self.running.state.locked())
    }
}

impl<V: Vendor> Deref for Server<V> {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl<V: Vendor> fmt::Debug for Server<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(V::NAME)
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}

impl<V: Vendor> ServerBuilder<V> {
    /// Sets the loopback port. Default: a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the clock of the simulator. Default: the machine's own.
    pub fn clock(mut self, clock: SimClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the path of the protected resource. Default: `/resource`.
    pub fn resource_path(mut self, path: &str) -> Self {
        self.resource_path = path.to_owned();
        self
    }

    /// Sets the HTTP status with which the protected resource refuses a request. Many vendors
    /// document a code and no status: with 200, only the code in the body says that it is a
    /// refusal. Default: 401 for a token, otherwise see [`ApiRefusal`].
    pub fn api_refusal_status(mut self, status: u16) -> Self {
        self.api_refusal_status = Some(status);
        self
    }

    /// Serves HTTPS with this test authority.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// If the loopback port is not free or the thread cannot be started.
    pub async fn start(self) -> io::Result<Server<V>> {
        let running = Arc::new(Running {
            vendor: self.vendor,
            state: Mutex::default(),
            clock: self.clock.clone(),
            resource_path: self.resource_path.clone(),
            api_refusal_status: self.api_refusal_status,
        });
        let upstream = Upstream::Simulated(Arc::<Running<V>>::clone(&running));
        let proxy = FaultProxyBuilder::new(upstream)
            .port(self.port)
            .clock(self.clock.clone());
        #[cfg(feature = "tls")]
        let proxy = match self.tls {
            Some(tls) => proxy.tls(tls),
            None => proxy,
        };
        let simulation = Simulation {
            proxy: proxy.start().await?,
            clock: self.clock,
            resource_path: self.resource_path,
        };
        Ok(Server {
            simulation,
            running,
        })
    }
}

impl<V: Vendor> fmt::Debug for ServerBuilder<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("server", &V::NAME)
            .finish_non_exhaustive()
    }
}

impl<V: Vendor> Simulated for Running<V> {
    fn kind(&self, call: &Call) -> Kind {
        if call.path == self.resource_path {
            return Kind::Resource;
        }
        self.vendor.kind(call)
    }

    fn serve(&self, kind: Kind, call: &Call) -> Reply {
        let now = self.clock.now_ms();
        let mut state = self.state.locked();
        if kind != Kind::Resource {
            return self.vendor.serve(&mut state, kind, call, now);
        }
        let reply = match state.refuse_next.take() {
            Some(why) => self.vendor.refuse(why),
            None => self.vendor.serve(&mut state, kind, call, now),
        };
        reply.refused_by_resource_with(self.api_refusal_status)
    }

    fn refusal(&self, text: &str) -> Answer {
        self.vendor.refusal(text)
    }
}
