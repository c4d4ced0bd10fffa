//! Makes the engine of a grant: all that works for one token. A pool makes one whenever a token is
//! to be refreshed.

use std::sync::Arc;
use std::time::Duration;

use token_core::store::Owner;
use token_core::{ApiOrigin, Clock as _, HttpClient};

use crate::clock::CacheClock;
use crate::current::endpoint_traits::EndpointTraits;
use crate::current::entropy::Entropy;
use crate::current::log::VendorLog;
#[cfg(feature = "pool")]
use crate::current::pool_events::PoolListener;
use crate::current::timing::Timing;
use crate::current::{Current, CurrentParts};
use crate::flight::Shared;
use crate::flight::runtime::Tasks;
use crate::refresh::admission::Admission;
use crate::refresh::alternatives::Initial;
use crate::refresh::attempts::{Attempts, ServerClock};
use crate::refresh::bound_store::{BoundStore, NamedStore};
use crate::refresh::endpoint_source::EndpointSource;
use crate::refresh::{Parts, Refresher, Settings};
use crate::telemetry::metric::Meter;

/// What the engines of one program share.
pub(crate) struct Engines {
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) api_origins: Vec<ApiOrigin>,
    pub(crate) store: NamedStore,
    pub(crate) fallback: Option<NamedStore>,
    pub(crate) clock: CacheClock,
    pub(crate) timing: Arc<Timing>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) wait_timeout: Duration,
    pub(crate) tasks: Tasks,
    pub(crate) entropy: Arc<Entropy>,
    /// How many threads send one token at once.
    pub(crate) header_copies: usize,
    pub(crate) owner: Owner,
}

/// What differs from one engine to the next.
pub(crate) struct NewEngine {
    source: EndpointSource,
    initial: Option<Initial>,
    meter: Option<Meter>,
    admission: Option<Arc<Admission>>,
    server_clock: Option<Arc<ServerClock>>,
    vendor_log: VendorLog,
    /// If it is not that of all engines.
    owner: Option<Owner>,
    #[cfg(feature = "pool")]
    listener: Option<PoolListener>,
}

impl NewEngine {
    pub(crate) fn of(source: EndpointSource) -> Self {
        Self {
            source,
            initial: None,
            meter: None,
            admission: None,
            server_clock: None,
            vendor_log: VendorLog::default(),
            owner: None,
            #[cfg(feature = "pool")]
            listener: None,
        }
    }

    pub(crate) fn with_initial(self, initial: Option<Initial>) -> Self {
        Self { initial, ..self }
    }

    /// Gives it an owner of its own for the store. Two accounts of a pool that have one key by
    /// mistake must not share a lease.
    #[cfg(feature = "pool")]
    pub(crate) fn owned_by(self, owner: Owner) -> Self {
        let owner = Some(owner);
        Self { owner, ..self }
    }

    /// Makes it one of a pool, with what its deployment has.
    #[cfg(feature = "pool")]
    pub(crate) fn in_pool(
        self,
        listener: PoolListener,
        meter: Meter,
        admission: Arc<Admission>,
        server_clock: Arc<ServerClock>,
        vendor_log: VendorLog,
    ) -> Self {
        Self {
            meter: Some(meter),
            admission: Some(admission),
            server_clock: Some(server_clock),
            vendor_log,
            listener: Some(listener),
            ..self
        }
    }
}

impl Engines {
    pub(crate) fn start(&self, engine: NewEngine) -> Shared {
        let attempts = Attempts::new(
            self.entropy.clone(),
            engine.server_clock.unwrap_or_default(),
        );
        let traits = EndpointTraits::of(engine.source.newest());
        let traits = match engine.source.changes() {
            true => traits.asked_for_login(&attempts.next(&self.clock.now())),
            false => traits,
        };
        let traits = traits.with_api_origins(&self.api_origins);
        let meter = engine
            .meter
            .unwrap_or_else(|| Meter::of_grant(traits.key()));
        let owner = engine.owner.as_ref().unwrap_or(&self.owner);
        let bind = |store: &NamedStore| {
            let (key, owner) = (traits.key().clone(), owner.clone());
            BoundStore::new(store.clone(), key, owner, self.clock.clone())
        };
        let refresher = Refresher::new(Parts {
            endpoint: engine.source,
            http: self.http.clone(),
            attempts,
            store: bind(&self.store),
            fallback: self.fallback.as_ref().map(bind),
            settings: self.settings.clone(),
            initial: engine.initial,
            meter: meter.clone(),
            admission: engine.admission,
        });
        let current = Current::new(CurrentParts {
            traits,
            clock: self.clock.clone(),
            timing: self.timing.clone(),
            entropy: self.entropy.clone(),
            meter,
            header_copies: self.header_copies,
            vendor_log: engine.vendor_log,
            #[cfg(feature = "pool")]
            listener: engine.listener,
        });
        Shared::new(current, refresher, self.tasks.clone(), self.wait_timeout)
    }
}
