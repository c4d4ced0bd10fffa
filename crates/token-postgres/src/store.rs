//! The store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::Secret;
use token_core::store::StoreError;
use token_sealing::Sealing;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::Row;

use crate::builder::PostgresStoreBuilder;
use crate::connections::{Connections, Durability, Lent, run};
use crate::failure;
use crate::given::Given;
use crate::hints::Hints;
use crate::migration;
use crate::places::Places;
use crate::startup::{Facts, Known};
use crate::statements::Statements;

/// Others may migrate at the same time, and be slow.
const MIGRATION: Duration = Duration::from_secs(60);

/// Keeps sealed tokens in one table of a PostgreSQL, for any number of processes and hosts. Clones
/// share their connections.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use token_core::Secret;
/// use token_postgres::PostgresStore;
/// use token_postgres::types::{Sealing, SealingKey};
///
/// let key = SealingKey::from_base64("2026-03", &Secret::from(std::env::var("SEALING_KEY")?))?;
/// let store = PostgresStore::builder(Sealing::with(key))
///     .url(std::env::var("DATABASE_URL")?)
///     .build()?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
///
/// Every operation is one short transaction and one round trip. It needs a tokio runtime with time
/// and I/O, and works on the next one when that is gone.
#[derive(Clone)]
pub struct PostgresStore(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) sealing: Sealing,
    connections: Connections,
    places: Places,
    pub(crate) statements: Statements,
    pub(crate) limit: Duration,
    pub(crate) hints: Option<Hints>,
    known: Known,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", self.0.places.tokens)
    }
}

impl PostgresStore {
    /// A store at this URL whose server was looked at; with more to choose by
    /// [`builder`](Self::builder).
    ///
    /// A standby and a server that is read-only for now are good to begin with: a live token is
    /// read there, and nothing is spent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the URL cannot be read, and where [`check`](Self::check) fails for
    /// anything but that.
    pub async fn connect(url: impl Into<Secret>, sealing: Sealing) -> Result<Self, StoreError> {
        let store = Self::builder(sealing).url(url).build().map_err(|error| {
            StoreError::new("the PostgreSQL store cannot be built").with_detail(error.to_string())
        })?;
        store.facts().await?.is_set_up_right()?;
        Ok(store)
    }

    /// Begins a store whose records are sealed like this; it needs a URL or a pool.
    pub fn builder(sealing: Sealing) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(sealing)
    }

    pub(crate) fn new(
        sealing: Sealing,
        connections: Connections,
        places: Places,
        limit: Duration,
        hints: Option<Hints>,
    ) -> Self {
        let statements = Statements::of(&places);
        Self(Arc::new(Shared {
            sealing,
            connections,
            places,
            statements,
            limit,
            hints,
            known: Known::default(),
        }))
    }

    /// Makes sure that the tables are there, of this library's version, and that what is written to
    /// them stays. It is done before the first operation in any case, and once; this is for a
    /// start-up that wants to fail early, or to log what is wrong. Where the store
    /// [is notified](PostgresStoreBuilder::notified_through), it begins to listen, so that the
    /// first who waits need not connect.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the server cannot be reached, is a standby or read-only, or where the
    /// tables are missing, of another version, unlogged, or not permitted. What can be read is read
    /// all the same, so that a program that starts on a standby has its live token: there it should
    /// log this error instead of ending.
    pub async fn check(&self) -> Result<(), StoreError> {
        let facts = self.facts().await?;
        facts.takes_writes()?;
        facts.is_set_up_right()
    }

    /// Makes the tables where they are missing: the same as `migrations/0001_tokens.sql` with the
    /// names of this store. May be run at every start and by many at once. Where the tables are up
    /// to date it needs no privilege to create, and no server that can be written.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it may not create them, or is not done in 60 s; and where the tables
    /// are unlogged or not permitted.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if let Ok(facts) = self.facts().await {
            return facts.is_set_up_right();
        }
        in_a_runtime()?;
        timeout(MIGRATION, async {
            let lent = self.0.connections.lend().await?;
            migration::run(lent.client()?, &self.0.places).await?;
            lent.give_back();
            Ok(())
        })
        .await
        .map_err(|_| failure::late())??;
        self.facts().await?.is_set_up_right()
    }

    /// What the server is like now.
    async fn facts(&self) -> Result<Facts, StoreError> {
        in_a_runtime()?;
        if let Some(hints) = &self.0.hints {
            hints.begin();
        }
        timeout(self.0.limit, async {
            let lent = self.0.connections.lend().await?;
            let facts = self.facts_on(&lent).await?;
            self.0.known.learn(&facts, Durability::Read)?;
            lent.give_back();
            Ok(facts)
        })
        .await
        .map_err(|_| failure::late())?
    }

    async fn facts_on(&self, lent: &Lent) -> Result<Facts, StoreError> {
        let Shared {
            places,
            statements,
            limit,
            ..
        } = &*self.0;
        Facts::of(lent.client()?, *limit, places, statements).await
    }

    /// What reads asks less of a server than what writes.
    async fn suits(&self, lent: &Lent, durability: Durability) -> Result<(), StoreError> {
        if self.0.known.suffices(durability) {
            return Ok(());
        }
        let facts = self.facts_on(lent).await?;
        self.0.known.learn(&facts, durability)
    }

    /// One statement, bounded in time.
    pub(crate) async fn ask(
        &self,
        durability: Durability,
        sql: &str,
        given: &[Given<'_>],
    ) -> Result<Option<Row>, StoreError> {
        in_a_runtime()?;
        timeout(self.0.limit, async {
            let lent = self.0.connections.lend().await?;
            self.suits(&lent, durability).await?;
            let row = run(lent.client()?, self.0.limit, durability, sql, given).await?;
            lent.give_back();
            Ok(row)
        })
        .await
        .map_err(|_| failure::late())?
    }
}

/// The driver and its timers panic elsewhere.
pub(crate) fn in_a_runtime() -> Result<(), StoreError> {
    Handle::try_current()
        .map(drop)
        .map_err(|_| failure::homeless())
}
