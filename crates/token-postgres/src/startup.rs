//! What is looked at once before the first operation, so that a wrong set-up is told before a token is spent.

use std::time::Duration;

use token_core::store::StoreError;
use tokio_postgres::{Client, Row};

use crate::connections::{Durability, run};
use crate::failure;
use crate::migration::VERSION;
use crate::places::Places;
use crate::statements::Statements;

/// Makes sure that the tables are there, of our version, logged, permitted and writable.
pub(crate) async fn check(
    client: &Client,
    limit: Duration,
    places: &Places,
    statements: &Statements,
) -> Result<(), StoreError> {
    let names = [places.tokens.as_str().into(), places.versions.as_str().into()];
    let facts = include_str!("sql/facts.sql");
    let facts = run(client, limit, Durability::Read, facts, &names).await?;
    judge(&facts.ok_or_else(failure::foreign)?)?;
    match version(client, limit, statements).await? {
        Some(VERSION) => Ok(()),
        found => Err(other_version(found)),
    }
}

/// The version of the schema that is there.
pub(crate) async fn version(
    client: &Client,
    limit: Duration,
    statements: &Statements,
) -> Result<Option<i32>, StoreError> {
    let row = run(client, limit, Durability::Read, &statements.version, &[]).await?;
    row.ok_or_else(failure::foreign)?
        .try_get("version")
        .map_err(|_| failure::foreign())
}

fn judge(facts: &Row) -> Result<(), StoreError> {
    let is = |name: &str| facts.try_get::<_, bool>(name).map_err(|_| failure::foreign());
    if is("is_standby")? {
        return Err(StoreError::new(
            "this PostgreSQL is a standby, which cannot be written",
        ));
    }
    if is("is_read_only")? {
        return Err(StoreError::new(
            "this PostgreSQL is read-only: see `default_transaction_read_only`",
        ));
    }
    if !is("is_there")? {
        return Err(failure::unmigrated());
    }
    if is("is_unlogged")? {
        return Err(StoreError::new(
            "the table is unlogged or temporary: a crash would empty it",
        ));
    }
    if !is("is_permitted")? {
        return Err(StoreError::new(
            "PostgreSQL's role needs SELECT, INSERT and UPDATE on the table, and SELECT on its version",
        ));
    }
    Ok(())
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
