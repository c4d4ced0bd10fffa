//! The store and its calls to the server.

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

/// Long, since another process may be migrating at the same time.
const MIGRATION: Duration = Duration::from_secs(60);

/// A [`TokenStore`](token_core::TokenStore) in PostgreSQL, encrypted, for processes on any number
/// of hosts. Clones share their connections.
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
/// Each operation is one short transaction and one round trip. It needs a Tokio runtime with time
/// and I/O enabled. If that runtime ends, the store can be used in another one.
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

    /// Checks that the tables exist, have the version of this library, and keep what is written to
    /// them. The first operation runs this check anyway; call it to fail early at start-up, or to
    /// log what is wrong. With [`notified_through`](crate::PostgresStoreBuilder::notified_through)
    /// it also starts to listen, so that the first wait need not connect.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the server cannot be reached, is a standby or read-only, or if the tables
    /// are missing, have another version, are unlogged, or lack privileges. Operations that only
    /// read may still work: a program that starts on a standby can read a valid token there, so it
    /// should log this error instead of exiting.
    pub async fn check(&self) -> Result<(), StoreError> {
        let facts = self.facts().await?;
        facts.takes_writes()?;
        facts.is_set_up_right()
    }

    /// Creates the tables and the index if they are missing: it runs the files in `migrations/`
    /// with the names of this store. Every process may call it at every start, also concurrently.
    /// If all is up to date, it needs no privilege to create and no writable server.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it may not create the tables or the index, takes longer than 60 seconds,
    /// or the tables are unlogged or lack privileges.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if let Ok(facts) = self.facts().await
            && facts.needs_no_migration()
        {
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

    /// Queries the current state of the server.
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

    /// Checks the server unless that was done; reads need less than writes.
    async fn suits(&self, checkout: &Checkout, durability: Durability) -> Result<(), StoreError> {
        if self.0.known.suffices(durability) {
            return Ok(());
        }
        let facts = self.facts_on(checkout).await?;
        self.0.known.learn(&facts, durability)
    }

    /// Runs one statement that returns at most one row, within the timeout.
    pub(crate) async fn ask(
        &self,
        durability: Durability,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let rows = self.ask_for_rows(durability, sql, parameters).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs one statement within the timeout.
    pub(crate) async fn ask_for_rows(
        &self,
        durability: Durability,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        in_a_runtime()?;
        timeout(self.0.limit, async {
            let checkout = self.0.connections.checkout().await?;
            self.suits(&checkout, durability).await?;
            let rows = run(
                checkout.client()?,
                self.0.limit,
                durability,
                sql,
                parameters,
            )
            .await?;
            checkout.put_back();
            Ok(rows)
        })
        .await
        .map_err(|_| failure::timed_out())?
    }
}

/// The driver and its timers panic outside a runtime.
pub(crate) fn in_a_runtime() -> Result<(), StoreError> {
    Handle::try_current()
        .map(drop)
        .map_err(|_| failure::outside_runtime())
}
