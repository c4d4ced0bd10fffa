//! What brings the next token: one refresh at a time, as a transaction over the store that all
//! processes share. It reports what it finds to a [`Session`](crate::current::session::Session).
//!
//! The methods of [`Refresher`], and its parts, by file:
//!
//! | what | file |
//! |---|---|
//! | runs a job: takes the lease, looks at the store, reads the fallback store | `run.rs` |
//! | a refresh, in the order of events; what is done without the store | `transaction.rs` |
//! | adopts what is stored, or begins with the initial token | `begin.rs`, `adopt.rs` |
//! | limits the exchanges of a pool | `admission.rs`, `turn.rs` |
//! | waits while another owner may have spent the token | `doubt.rs` |
//! | tells how old what is stored is | `stored.rs` |
//! | writes the intent, and restores another owner's | `intent.rs` |
//! | returns the endpoint of an exchange, built again if the program wants that | `endpoint_source.rs` |
//! | names a token to refresh by its fingerprint | `parent.rs` |
//! | obtains the next token: refresh, spares, initial token, login | `spend.rs` |
//! | commits a token, or serves it from memory | `commit.rs` |
//! | keeps and writes a token that the store did not take | `pending.rs`, `write_pending.rs` |
//! | marks a refused grant in the store, and heeds such a mark | `refused.rs` |
//! | begins a new grant, with a code, a password or a token | `new_grant.rs` |
//! | ends a grant; asks the vendor to revoke it | `logout.rs`, `revoke.rs` |
//! | describes a grant | `grant_state.rs` |
//!
//! What is rarely done is in a `Box` of its own: the future of a refresh is as large as the largest
//! way through it.

#[cfg(feature = "pool")]
pub(crate) mod admission;
#[cfg(not(feature = "pool"))]
#[path = "refresh/admission_off.rs"]
pub(crate) mod admission;
mod adopt;
pub(crate) mod alternatives;
pub(crate) mod attempts;
pub(crate) mod begin;
pub(crate) mod bound_store;
mod commit;
mod doubt;
pub(crate) mod endpoint_source;
pub(crate) mod exchange;
pub(crate) mod grant_state;
mod intent;
mod lease;
pub(crate) mod logout;
mod new_grant;
pub(crate) mod new_grants;
mod parent;
pub(crate) mod pending;
mod record;
mod refused;
pub(crate) mod revoke;
pub(crate) mod run;
mod spend;
mod stored;
mod transaction;
pub(crate) mod trigger;
mod turn;
mod without_store;
mod write_pending;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use token_core::store::{CommitCondition, Intent, RefreshFingerprint};
use token_core::{
    Attempt, ClockReading, Error, ErrorKind, Generation, HttpClient, Request, Rotation, Token,
};

use self::admission::{Admission, Permit};
use self::alternatives::{Initial, InitialToken, Spares};
use self::attempts::Attempts;
use self::bound_store::BoundStore;
use self::endpoint_source::{AnyEndpoint, EndpointSource};
use self::exchange::{Exchanger, Issued, Limits, Reply, RetryPolicy};
use self::new_grants::NewGrants;
use self::pending::{Fallback, Pending};
use self::record::fingerprint;
use self::trigger::Trigger;
use crate::current::session::Session;
use crate::telemetry::metric::Meter;

/// Refreshes the token of one grant.
pub(crate) struct Refresher {
    endpoint: EndpointSource,
    http: Arc<dyn HttpClient>,
    attempts: Attempts,
    store: BoundStore,
    settings: Arc<Settings>,
    initial: InitialToken,
    spares: Spares,
    pending: Pending,
    fallback: Fallback,
    new_grants: NewGrants,
    /// Another owner's intent, rewritten under our name by `restore_intent`.
    inherited_intent: Mutex<Option<Box<Intent>>>,
    /// Whether the refresh in flight waits for another owner that may have spent the token.
    waits_for_owner: AtomicBool,
    admission: Option<Arc<Admission>>,
    /// Whether the newest token cannot be stored.
    only_in_memory: AtomicBool,
}

/// What a refresher is made of.
pub(crate) struct Parts {
    pub(crate) endpoint: EndpointSource,
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) attempts: Attempts,
    pub(crate) store: BoundStore,
    pub(crate) fallback: Option<BoundStore>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) initial: Option<Initial>,
    pub(crate) meter: Meter,
    pub(crate) admission: Option<Arc<Admission>>,
}

/// How long its steps may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The longest exchange with a single-use refresh token: what is cut off may be lost.
    pub(crate) single_use_exchange: Duration,
    /// The longest exchange of any other kind.
    pub(crate) exchange: Duration,
    /// How long a lease lives unless it is renewed.
    pub(crate) lease_ttl: Duration,
    /// How long a refresh waits for another owner's lease.
    pub(crate) lease_timeout: Duration,
    /// How long a token that another owner may have spent is watched before it is spent again.
    pub(crate) doubt: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            single_use_exchange: Duration::from_secs(120),
            exchange: Duration::from_secs(20),
            lease_ttl: Duration::from_secs(30),
            lease_timeout: Duration::from_secs(60),
            doubt: Duration::from_secs(300),
        }
    }
}

impl Settings {
    /// Returns the default, which exists once.
    pub(crate) fn of_most() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Settings>> = LazyLock::new(Arc::default);
        SHARED.clone()
    }
}

impl Refresher {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            endpoint: parts.endpoint,
            http: parts.http,
            attempts: parts.attempts,
            initial: InitialToken::new(parts.initial),
            pending: Pending::new(parts.meter),
            store: parts.store,
            settings: parts.settings,
            spares: Spares::default(),
            fallback: Fallback::new(parts.fallback),
            new_grants: NewGrants::default(),
            inherited_intent: Mutex::new(None),
            waits_for_owner: AtomicBool::new(false),
            admission: parts.admission,
            only_in_memory: AtomicBool::new(false),
        }
    }

    /// Returns the endpoint of the newest exchange.
    pub(crate) fn endpoint(&self) -> AnyEndpoint {
        self.endpoint.newest()
    }

    pub(crate) fn attempt(&self, now: &ClockReading) -> Attempt {
        self.attempts.next(now)
    }

    pub(crate) fn new_grants(&self) -> &NewGrants {
        &self.new_grants
    }

    pub(crate) fn pending(&self) -> &Pending {
        &self.pending
    }

    /// Sends one request that brings no token, once.
    pub(crate) async fn ask(&self, session: Session<'_>, request: Request) -> Result<Reply, Error> {
        let exchanger = self.exchanger_with(self.endpoint(), session);
        exchanger.ask(request, self.settings.exchange).await
    }

    /// Whether it knows nothing that the store and the cached token do not.
    #[cfg(feature = "pool")]
    pub(crate) fn is_settled(&self) -> bool {
        let inherited = self.inherited_intent.lock();
        self.pending.is_settled()
            && self.spares.is_empty()
            && inherited.is_ok_and(|intent| intent.is_none())
            && !self.only_in_memory.load(Ordering::Acquire)
    }

    /// Waits, in a pool, until one more exchange may be under way.
    async fn admitted(&self, trigger: Trigger) -> Option<Permit<'_>> {
        match &self.admission {
            Some(admission) => Some(admission.enter(trigger).await),
            None => None,
        }
    }

    /// Whether the refresh in flight waits, perhaps for minutes, for another owner.
    pub(crate) fn waits_for_owner(&self) -> bool {
        self.waits_for_owner.load(Ordering::Acquire)
    }

    /// Returns what sends the requests of one exchange.
    async fn exchanger<'a>(&'a self, session: Session<'a>) -> Result<Exchanger<'a>, Error> {
        let within = self.settings.exchange;
        let endpoint = self.endpoint.next(session.key(), within).await?;
        Ok(self.exchanger_with(endpoint, session))
    }

    fn exchanger_with<'a>(&'a self, endpoint: AnyEndpoint, session: Session<'a>) -> Exchanger<'a> {
        Exchanger {
            endpoint,
            key: self.store.key(),
            http: &*self.http,
            clock: session.clock(),
            attempts: &self.attempts,
            reason: session.reason(),
        }
    }

    fn limits(&self, rotation: Rotation, retry: RetryPolicy) -> Limits {
        let within = match rotation {
            Rotation::SingleUse => self.settings.single_use_exchange,
            _ => self.settings.exchange,
        };
        Limits { within, retry }
    }

    fn fingerprint(&self, token: &Token) -> RefreshFingerprint {
        fingerprint(self.store.key(), token)
    }

    /// The condition of a new grant: our intent to log in still stands.
    fn by_our_login(&self) -> CommitCondition {
        CommitCondition::LoginIntentOf(self.store.owner().into_owned())
    }
}

fn as_generation_after(issued: Issued, previous: Option<Generation>) -> Issued {
    let token = issued
        .token
        .with_generation(previous.unwrap_or_default().next());
    Issued { token, ..issued }
}

fn busy() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "another owner is refreshing the token",
    )
}
