//! The reqwest clients behind one `ReqwestClient`: one opens a connection for each request, another
//! keeps connections for requests that may be sent again.

use std::sync::{Arc, RwLock, Weak};

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, retry};
use token_core::{BuildError, Repeatable};
use token_hyper::parts::{IDLE, MOST_HEADERS_READ};
use tokio::runtime::Id;
use tokio::task::AbortHandle;

use crate::stage::{Connections, NoteConnecting};

/// Makes clients of the same settings.
pub(crate) struct Maker {
    settings: Box<dyn Fn(Connections) -> Result<ClientBuilder, BuildError> + Send + Sync>,
    why_not_built: fn(&reqwest::Error) -> BuildError,
}

/// The clients of one `ReqwestClient`.
pub(crate) struct Clients {
    new: Client,
    keeping: Option<Keeping>,
}

/// Makes the client that keeps connections when it is first used.
struct Keeping {
    maker: Maker,
    bound: RwLock<Option<Bound>>,
}

/// A client whose connections are tasks of one runtime. Only requests on that runtime use them: on
/// another, a request would hang if this one is not driven, and end if it shuts down.
struct Bound {
    process: u32,
    runtime: Id,
    /// Upgradable while the runtime lives.
    alive: Weak<()>,
    sentinel: AbortHandle,
    client: Option<Client>,
}

impl Maker {
    pub(crate) fn new(
        settings: impl Fn(Connections) -> Result<ClientBuilder, BuildError> + Send + Sync + 'static,
        why_not_built: fn(&reqwest::Error) -> BuildError,
    ) -> Self {
        Self {
            settings: Box::new(settings),
            why_not_built,
        }
    }

    fn make(&self, connections: Connections) -> Result<Client, BuildError> {
        let settings = hardened((self.settings)(connections)?);
        let settings = match connections {
            Connections::New => settings
                .pool_max_idle_per_host(0)
                .default_headers(closing())
                .http1_max_headers(MOST_HEADERS_READ)
                .connector_layer(NoteConnecting),
            // The limit to requests per host limits idle connections too. What a connector does
            // proves nothing here. An answer with too many headers for hyper is asked for again
            // over a new connection.
            Connections::Kept => settings
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(usize::MAX),
        };
        settings
            .build()
            .map_err(|error| (self.why_not_built)(&error))
    }
}

/// Lets the server close first: the one that does keeps the connection's port for a minute, and a
/// client has 28,000 of them to one address (RFC 9112 section 9.6).
fn closing() -> HeaderMap {
    HeaderMap::from_iter([(CONNECTION, HeaderValue::from_static("close"))])
}

impl Clients {
    /// Uses a client that is finished, whatever connections it keeps.
    pub(crate) fn of(client: Client) -> Self {
        Self {
            new: client,
            keeping: None,
        }
    }

    pub(crate) fn made_by(maker: Maker) -> Result<Self, BuildError> {
        let new = maker.make(Connections::New)?;
        let keeping = Keeping {
            maker,
            bound: RwLock::new(None),
        };
        Ok(Self {
            new,
            keeping: Some(keeping),
        })
    }

    /// Returns the client for a request on this runtime, which is the current one.
    pub(crate) fn choose(
        &self,
        request: &http::Request<Bytes>,
        runtime: Id,
    ) -> (Client, Connections) {
        let is_repeatable = request.extensions().get::<Repeatable>().is_some();
        let keeping = self.keeping.as_ref().filter(|_| is_repeatable);
        match keeping.and_then(|keeping| keeping.client(runtime)) {
            Some(client) => (client, Connections::Kept),
            None => self.for_new_connections(),
        }
    }

    pub(crate) fn for_new_connections(&self) -> (Client, Connections) {
        (self.new.clone(), Connections::New)
    }
}

impl Keeping {
    /// Returns the client if its connections belong to the current runtime. Nothing waits for the
    /// lock: a forked child may have inherited it locked for ever.
    fn client(&self, runtime: Id) -> Option<Client> {
        if let Some(bound) = &*self.bound.try_read().ok()?
            && bound.is_alive()
        {
            return bound.client_on(runtime);
        }
        let mut bound = self.bound.try_write().ok()?;
        if let Some(bound) = &*bound
            && bound.is_alive()
        {
            return bound.client_on(runtime);
        }
        let client = self.maker.make(Connections::Kept).ok()?;
        *bound = Some(Bound::to(runtime, client.clone()));
        Some(client)
    }
}

impl Bound {
    /// Binds a client to the current runtime.
    fn to(runtime: Id, client: Client) -> Self {
        let alive = Arc::new(());
        let weak = Arc::downgrade(&alive);
        let sentinel = tokio::spawn(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        Self {
            process: std::process::id(),
            runtime,
            alive: weak,
            sentinel: sentinel.abort_handle(),
            client: Some(client),
        }
    }

    /// Returns whether the runtime lives. A forked child has none of its parent's.
    fn is_alive(&self) -> bool {
        self.process == std::process::id() && self.alive.strong_count() > 0
    }

    fn client_on(&self, runtime: Id) -> Option<Client> {
        let client = self.client.as_ref();
        client.filter(|_| self.runtime == runtime).cloned()
    }
}

impl Drop for Bound {
    #[expect(
        clippy::mem_forget,
        reason = "closing the connections in a forked child would wake tasks of the parent's \
                  runtime, whose locks may have been copied locked"
    )]
    fn drop(&mut self) {
        match self.process == std::process::id() {
            true => self.sentinel.abort(),
            false => std::mem::forget(self.client.take()),
        }
    }
}

fn hardened(settings: ClientBuilder) -> ClientBuilder {
    settings
        .redirect(Policy::none())
        .referer(false)
        .retry(retry::never())
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connection_verbose(false)
}
