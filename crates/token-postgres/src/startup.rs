//! Checks the server and its tables once before the first operation, so that a wrong setup is
//! reported before a token is spent.

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

/// Serialises migrations: concurrent `CREATE TABLE IF NOT EXISTS` of the same table can fail. The
/// lock belongs to the transaction, so that no session behind a pooler keeps it.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7309453671823105121)";

/// What is known about the server so far.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The tables can be read.
    reads: OnceLock<()>,
    /// Writes to them are allowed and durable.
    keeps: OnceLock<()>,
}

impl Known {
    /// Returns whether an operation can skip the check.
    pub(crate) fn suffices(&self, durability: Durability) -> bool {
        let reads = durability == Durability::Read && self.reads.get().is_some();
        reads || self.keeps.get().is_some()
    }

    /// Remembers the checks that passed, and fails if they do not suffice for the operation.
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

/// A server whose tables exist, have the right version and are readable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    is_standby: bool,
    is_read_only: bool,
    is_unlogged: bool,
    is_permitted: bool,
    is_indexed: bool,
}

impl Facts {
    /// Queries the server.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the tables do not exist, have another version or cannot be read.
    pub(crate) async fn of(
        client: &Client,
        limit: Duration,
        tables: &TableNames,
        statements: &Statements,
    ) -> Result<Self, StoreError> {
        let names = [
            tables.tokens.as_str().into(),
            tables.versions.as_str().into(),
            tables.by_due.as_str().into(),
        ];
        let facts = include_str!("sql/facts.sql");
        let rows = run(client, limit, Durability::Read, facts, &names).await?;
        let row = rows.first().ok_or_else(failure::not_ours)?;
        if !is(row, "is_there")? {
            return Err(failure::missing_tables());
        }
        if !is(row, "is_readable")? {
            return Err(failure::missing_privileges());
        }
        let facts = Self {
            is_standby: is(row, "is_standby")?,
            is_read_only: is(row, "is_read_only")?,
            is_unlogged: is(row, "is_unlogged")?,
            is_permitted: is(row, "is_permitted")?,
            is_indexed: is(row, "is_indexed")?,
        };
        match version(client, limit, statements).await? {
            Some(VERSION) => Ok(facts),
            found => Err(other_version(found)),
        }
    }

    /// Returns whether a migration has nothing to do, or cannot do it here for now.
    pub(crate) fn needs_no_migration(self) -> bool {
        self.is_indexed || self.takes_writes().is_err()
    }

    /// Fails on a server that is read-only, possibly only for now; it can still be read.
    pub(crate) fn takes_writes(self) -> Result<(), StoreError> {
        if self.is_standby {
            return Err(StoreError::new(
                "this PostgreSQL is a standby and takes no writes",
            ));
        }
        if self.is_read_only {
            return Err(StoreError::new(
                "this PostgreSQL is read-only: see `default_transaction_read_only`",
            ));
        }
        Ok(())
    }

    /// Fails if the tables or their privileges must be changed.
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

/// Returns the version of the existing schema.
async fn version(
    client: &Client,
    limit: Duration,
    statements: &Statements,
) -> Result<Option<i32>, StoreError> {
    let rows = run(client, limit, Durability::Read, &statements.version, &[]).await?;
    let row = rows.first().ok_or_else(failure::not_ours)?;
    row.try_get("version").map_err(|_| failure::not_ours())
}

fn other_version(found: Option<i32>) -> StoreError {
    let detail = match found {
        Some(found) => format!("found version {found}, this library needs {VERSION}"),
        None => format!("found no version, this library needs {VERSION}"),
    };
    StoreError::new(
        "the tables have another version: run `PostgresStore::migrate` of the newest library in use",
    )
    .with_detail(detail)
}

pub(crate) async fn migrate(client: &Client, tables: &TableNames) -> Result<(), StoreError> {
    let statements = tables.named_in(concat!(
        include_str!("../migrations/0001_tokens.sql"),
        include_str!("../migrations/0002_due.sql")
    ));
    let all = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; \
         SET LOCAL statement_timeout = 0; \
         SET LOCAL synchronous_commit = on; \
         {ONE_AT_A_TIME}; \
         {statements}; \
         COMMIT"
    );
    client
        .batch_execute(&all)
        .await
        .map_err(|error| failure::statement(&error))
}
