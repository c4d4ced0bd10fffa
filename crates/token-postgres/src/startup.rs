//! What is looked at once before the first operation, so that a wrong set-up is told before a token
//! is spent.

use std::sync::OnceLock;
use std::time::Duration;

use token_core::store::StoreError;
use tokio_postgres::{Client, Row};

use crate::connections::{Durability, run};
use crate::failure;
use crate::statements::Statements;
use crate::tables::TableNames;

/// The version of the schema that this library reads and writes.
const VERSION: i32 = 1;

/// One at a time, whoever migrates: `CREATE TABLE IF NOT EXISTS` alone fails where two create the
/// same. Of a transaction, so that a pooler does not keep it for somebody else.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7309453671823105121)";

/// What is known of the server by now.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Our tables can be read.
    reads: OnceLock<()>,
    /// What is written there stays.
    keeps: OnceLock<()>,
}

impl Known {
    /// Whether an operation need not look any more.
    pub(crate) fn suffices(&self, durability: Durability) -> bool {
        let reads = durability == Durability::Read && self.reads.get().is_some();
        reads || self.keeps.get().is_some()
    }

    /// Remembers what is good, and says whether it suffices.
    pub(crate) fn learn(&self, facts: &Facts, durability: Durability) -> Result<(), StoreError> {
        self.reads.get_or_init(|| ());
        let keeps = facts.takes_writes().and_then(|()| facts.is_set_up_right());
        if keeps.is_ok() {
            self.keeps.get_or_init(|| ());
        }
        match durability {
            Durability::Read => Ok(()),
            Durability::Async | Durability::Sync => keeps,
        }
    }
}

/// A server whose tables are there, of our version, and readable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    is_standby: bool,
    is_read_only: bool,
    is_unlogged: bool,
    is_permitted: bool,
}

impl Facts {
    /// Asks the server.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the tables are not there, of another version, or not to be read.
    pub(crate) async fn of(
        client: &Client,
        limit: Duration,
        tables: &TableNames,
        statements: &Statements,
    ) -> Result<Self, StoreError> {
        let names = [
            tables.tokens.as_str().into(),
            tables.versions.as_str().into(),
        ];
        let facts = include_str!("sql/facts.sql");
        let row = run(client, limit, Durability::Read, facts, &names).await?;
        let row = row.ok_or_else(failure::not_ours)?;
        if !is(&row, "is_there")? {
            return Err(failure::missing_tables());
        }
        if !is(&row, "is_readable")? {
            return Err(failure::missing_privileges());
        }
        let facts = Self {
            is_standby: is(&row, "is_standby")?,
            is_read_only: is(&row, "is_read_only")?,
            is_unlogged: is(&row, "is_unlogged")?,
            is_permitted: is(&row, "is_permitted")?,
        };
        match version(client, limit, statements).await? {
            Some(VERSION) => Ok(facts),
            found => Err(other_version(found)),
        }
    }

    /// A server that is read-only for a while is good to read from.
    pub(crate) fn takes_writes(self) -> Result<(), StoreError> {
        if self.is_standby {
            return Err(StoreError::new(
                "this PostgreSQL is a standby, which cannot be written",
            ));
        }
        if self.is_read_only {
            return Err(StoreError::new(
                "this PostgreSQL is read-only: see `default_transaction_read_only`",
            ));
        }
        Ok(())
    }

    /// What stays wrong until somebody changes it.
    pub(crate) fn is_set_up_right(self) -> Result<(), StoreError> {
        if self.is_unlogged {
            return Err(StoreError::new(
                "the table is unlogged or temporary: a crash would empty it",
            ));
        }
        if !self.is_permitted {
            return Err(failure::missing_privileges());
        }
        Ok(())
    }
}

fn is(row: &Row, name: &str) -> Result<bool, StoreError> {
    row.try_get(name).map_err(|_| failure::not_ours())
}

/// The version of the schema that is there.
async fn version(
    client: &Client,
    limit: Duration,
    statements: &Statements,
) -> Result<Option<i32>, StoreError> {
    let row = run(client, limit, Durability::Read, &statements.version, &[]).await?;
    row.ok_or_else(failure::not_ours)?
        .try_get("version")
        .map_err(|_| failure::not_ours())
}

fn other_version(found: Option<i32>) -> StoreError {
    let detail = match found {
        Some(found) => format!("version {found} is there, this library needs {VERSION}"),
        None => format!("no version is there, this library needs {VERSION}"),
    };
    StoreError::new(
        "the tables are of another version: run `PostgresStore::migrate` of the newest library in use",
    )
    .with_detail(detail)
}

pub(crate) async fn migrate(client: &Client, tables: &TableNames) -> Result<(), StoreError> {
    let tables = tables.named_in(include_str!("../migrations/0001_tokens.sql"));
    let all = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; \
         SET LOCAL statement_timeout = 0; \
         SET LOCAL synchronous_commit = on; \
         {ONE_AT_A_TIME}; \
         {tables}; \
         COMMIT"
    );
    client
        .batch_execute(&all)
        .await
        .map_err(|error| failure::statement(&error))
}
