//! The store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::store::StoreError;
use token_sealing::Sealing;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::Row;

use crate::connections::{Checkout, Connections, Durability, run};
use crate::failure;
use crate::notify::Notifier;
use crate::startup::{self, Facts, Known};
use crate::statements::{Parameter, Statements};
use crate::tables::TableNames;

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
pub struct PostgresStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) sealing: Sealing,
    connections: Connections,
    tables: TableNames,
    pub(crate) statements: Statements,
    pub(crate) limit: Duration,
    pub(crate) notifier: Option<Notifier>,
    known: Known,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", self.0.tables.tokens)
    }
}

impl PostgresStore {
    pub(crate) fn new(
        sealing: Sealing,
        connections: Connections,
        tables: TableNames,
        limit: Duration,
        notifier: Option<Notifier>,
    ) -> Self {
        let statements = Statements::of(&tables);
        Self(Arc::new(Inner {
            sealing,
            connections,
            tables,
            statements,
            limit,
            notifier,
            known: Known::default(),
        }))
    }

    /// Makes sure that the tables are there, of this library's version, and that what is written to
    /// them stays. It is done before the first operation in any case, and once; this is for a
    /// start-up that wants to fail early, or to log what is wrong. Where the store
    /// [is notified](crate::PostgresStoreBuilder::notified_through), it begins to listen, so that the
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
            let checkout = self.0.connections.checkout().await?;
            startup::migrate(checkout.client()?, &self.0.tables).await?;
            checkout.put_back();
            Ok(())
        })
        .await
        .map_err(|_| failure::timed_out())??;
        self.facts().await?.is_set_up_right()
    }

    /// What the server is like now.
    pub(crate) async fn facts(&self) -> Result<Facts, StoreError> {
        in_a_runtime()?;
        if let Some(notifier) = &self.0.notifier {
            notifier.start();
        }
        timeout(self.0.limit, async {
            let checkout = self.0.connections.checkout().await?;
            let facts = self.facts_on(&checkout).await?;
            self.0.known.learn(&facts, Durability::Read)?;
            checkout.put_back();
            Ok(facts)
        })
        .await
        .map_err(|_| failure::timed_out())?
    }

    async fn facts_on(&self, checkout: &Checkout) -> Result<Facts, StoreError> {
        let Inner {
            tables,
            statements,
            limit,
            ..
        } = &*self.0;
        Facts::of(checkout.client()?, *limit, tables, statements).await
    }

    /// What reads asks less of a server than what writes.
    async fn suits(&self, checkout: &Checkout, durability: Durability) -> Result<(), StoreError> {
        if self.0.known.suffices(durability) {
            return Ok(());
        }
        let facts = self.facts_on(checkout).await?;
        self.0.known.learn(&facts, durability)
    }

    /// One statement, bounded in time.
    pub(crate) async fn ask(
        &self,
        durability: Durability,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, StoreError> {
        in_a_runtime()?;
        timeout(self.0.limit, async {
            let checkout = self.0.connections.checkout().await?;
            self.suits(&checkout, durability).await?;
            let row = run(
                checkout.client()?,
                self.0.limit,
                durability,
                sql,
                parameters,
            )
            .await?;
            checkout.put_back();
            Ok(row)
        })
        .await
        .map_err(|_| failure::timed_out())?
    }
}

/// The driver and its timers panic elsewhere.
pub(crate) fn in_a_runtime() -> Result<(), StoreError> {
    Handle::try_current()
        .map(drop)
        .map_err(|_| failure::outside_runtime())
}
