//! One server for all tests, a table of its own for each.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use local_servers::{PgBouncer, Postgres};
use token_core::TokenStore;
use token_postgres::{PostgresStore, PostgresStoreBuilder};
use token_sealing::{Sealing, SealingKey};
use token_testkit::StorePlace;
pub(crate) use token_testkit::records::{child_of, intent, key, owner, record};

pub(crate) static SERVER: LazyLock<Postgres> = LazyLock::new(|| {
    let many = Postgres::with().setting("max_connections", "300");
    many.start().unwrap_or_else(|error| panic!("{error}"))
});

pub(crate) static POOLER: LazyLock<PgBouncer> =
    LazyLock::new(|| PgBouncer::start(&SERVER).unwrap_or_else(|error| panic!("{error}")));

pub(crate) const LIFE: Duration = Duration::from_secs(30);

/// A table that nobody else uses.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) table: String,
}

impl Place {
    /// An empty table on the server itself.
    pub(crate) async fn direct() -> Self {
        Self::migrated(SERVER.url()).await
    }

    /// An empty table behind the pooler, migrated through it.
    pub(crate) async fn pooled() -> Self {
        Self::migrated(POOLER.url()).await
    }

    pub(crate) async fn migrated(url: String) -> Self {
        let place = Self::unmigrated(url);
        place.store().migrate().await.unwrap();
        place
    }

    pub(crate) fn unmigrated(url: String) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let table = format!("tokens {}", COUNT.fetch_add(1, Ordering::Relaxed));
        Self { url, table }
    }

    pub(crate) fn builder(&self) -> PostgresStoreBuilder {
        PostgresStore::builder(sealing("1", 1))
            .url(&*self.url)
            .table(&self.table)
    }

    pub(crate) fn store(&self) -> PostgresStore {
        self.builder().build().unwrap()
    }

    /// Runs SQL as the superuser; `TOKENS` and `TOKENS_VERSION` stand for its tables.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let sql = sql.replace("TOKENS_VERSION", &format!("\"{}_version\"", self.table));
        let sql = sql.replace("TOKENS", &format!("\"{}\"", self.table));
        SERVER.sql(&sql).unwrap()
    }
}

#[async_trait]
impl StorePlace for Place {
    async fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.store())
    }
}

pub(crate) fn sealing(id: &str, byte: u8) -> Sealing {
    Sealing::with(SealingKey::new(id, [byte; 32]).unwrap())
}
