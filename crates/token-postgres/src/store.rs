//! The store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use token_core::Secret;
use token_core::sealing::Sealing;
use token_core::store::StoreError;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_postgres::Row;

use crate::builder::PostgresStoreBuilder;
use crate::connections::{Durability, Lent, run};
use crate::failure;
use crate::given::Given;
use crate::hints::Hints;
use crate::migration;
use crate::places::Places;
use crate::startup;
use crate::statements::Statements;

/// Others may migrate at the same time, and be slow.
const MIGRATION: Duration = Duration::from_secs(60);

/// Keeps sealed tokens in one table of a PostgreSQL, for any number of processes and hosts. Clones share their connections.
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
/// Every operation is one short transaction and one round trip. It needs a tokio runtime with time and I/O, and works on the next one
/// when that is gone.
#[derive(Clone)]
pub struct PostgresStore(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) sealing: Sealing,
    pool: Pool,
    places: Places,
    pub(crate) statements: Statements,
    limit: Duration,
    pub(crate) hints: Option<Hints>,
    is_checked: OnceCell<()>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", self.0.places.tokens)
    }
}

impl PostgresStore {
    /// A store at this URL, checked; with more to choose by [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the URL cannot be read, and where [`check`](Self::check) fails.
    pub async fn connect(url: impl Into<Secret>, sealing: Sealing) -> Result<Self, StoreError> {
        let store = Self::builder(sealing).url(url).build().map_err(|error| {
            StoreError::new("the PostgreSQL store cannot be built").with_detail(error.to_string())
        })?;
        store.check().await?;
        Ok(store)
    }

    /// Begins a store whose records are sealed like this; it needs a URL or a pool.
    pub fn builder(sealing: Sealing) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(sealing)
    }

    pub(crate) fn new(
        sealing: Sealing,
        pool: Pool,
        places: Places,
        limit: Duration,
        hints: Option<Hints>,
    ) -> Self {
        let statements = Statements::of(&places);
        Self(Arc::new(Shared {
            sealing,
            pool,
            places,
            statements,
            limit,
            hints,
            is_checked: OnceCell::new(),
        }))
    }

    /// Makes sure that the server can be written and that the tables are there, of this library's version. It is done before the first
    /// operation in any case, and once. Where the store [is notified](PostgresStoreBuilder::notified_through), it begins to listen, so
    /// that the first who waits need not connect.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the server cannot be reached, is a standby or read-only, or where the tables are missing, of another
    /// version, unlogged, or not permitted.
    pub async fn check(&self) -> Result<(), StoreError> {
        if let Some(hints) = &self.0.hints {
            hints.begin();
        }
        timeout(self.0.limit, async {
            let lent = Lent::by(&self.0.pool).await?;
            self.checked_on(&lent).await?;
            lent.give_back();
            Ok(())
        })
        .await
        .map_err(|_| failure::late())?
    }

    /// Makes the tables where they are missing: the same as `migrations/0001_tokens.sql` with the names of this store. May be run
    /// at every start and by many at once. Where the tables are up to date it needs no privilege to create.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it may not create them, or is not done in 60 s.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if self.check().await.is_ok() {
            return Ok(());
        }
        timeout(MIGRATION, async {
            let lent = Lent::by(&self.0.pool).await?;
            migration::run(lent.client()?, &self.0.places).await?;
            lent.give_back();
            Ok(())
        })
        .await
        .map_err(|_| failure::late())??;
        self.check().await
    }

    async fn checked_on(&self, lent: &Lent) -> Result<(), StoreError> {
        let Shared {
            places,
            statements,
            limit,
            ..
        } = &*self.0;
        self.0
            .is_checked
            .get_or_try_init(|| async { startup::check(lent.client()?, *limit, places, statements).await })
            .await
            .copied()
    }

    /// One statement, bounded in time.
    pub(crate) async fn ask(
        &self,
        durability: Durability,
        sql: &str,
        given: &[Given<'_>],
    ) -> Result<Option<Row>, StoreError> {
        timeout(self.0.limit, async {
            let lent = Lent::by(&self.0.pool).await?;
            self.checked_on(&lent).await?;
            let row = run(lent.client()?, self.0.limit, durability, sql, given).await?;
            lent.give_back();
            Ok(row)
        })
        .await
        .map_err(|_| failure::late())?
    }
}
