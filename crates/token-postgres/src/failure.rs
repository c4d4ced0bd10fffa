//! What the driver says, as an error that tells no secret.

use std::error::Error as _;

use deadpool_postgres::PoolError;
use token_core::store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// A statement failed. Of the server's answer only code and message are shown: its detail may quote
/// a row.
pub(crate) fn statement(error: &Error) -> StoreError {
    match error.as_db_error() {
        Some(said) => StoreError::new(meaning(said.code())).with_detail(format!(
            "{} {}",
            said.code().code(),
            said.message()
        )),
        None => unanswered("PostgreSQL did not answer", error),
    }
}

/// The pool gave no connection.
pub(crate) fn pool(error: &PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => connection(error),
        _ => StoreError::new("the pool of PostgreSQL connections is closed or gave none in time"),
    }
}

/// No connection could be made.
pub(crate) fn connection(error: &Error) -> StoreError {
    match error.as_db_error() {
        Some(said) => StoreError::new("PostgreSQL refused the connection").with_detail(format!(
            "{} {}",
            said.code().code(),
            said.message()
        )),
        None => unanswered("PostgreSQL cannot be reached", error),
    }
}

pub(crate) fn timed_out() -> StoreError {
    StoreError::new("PostgreSQL did not answer in time")
}

pub(crate) fn outside_runtime() -> StoreError {
    StoreError::new("the PostgreSQL store was used outside a tokio runtime")
}

pub(crate) fn missing_privileges() -> StoreError {
    StoreError::new(
        "PostgreSQL's role needs SELECT, INSERT and UPDATE on the table, and SELECT on its version",
    )
}

pub(crate) fn contended() -> StoreError {
    StoreError::new("the row was made and deleted by others again and again")
}

pub(crate) fn not_ours() -> StoreError {
    StoreError::new("the stored row is not one of ours; it is left unchanged")
}

pub(crate) fn missing_tables() -> StoreError {
    StoreError::new(
        "the tables are not there: run `PostgresStore::migrate` or migrations/0001_tokens.sql",
    )
}

fn meaning(code: &SqlState) -> &'static str {
    match *code {
        SqlState::READ_ONLY_SQL_TRANSACTION => "PostgreSQL is read-only",
        SqlState::DISK_FULL => "PostgreSQL's disk is full",
        SqlState::INSUFFICIENT_PRIVILEGE => "PostgreSQL's role may not do that",
        SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN => {
            "the tables are not there, or of another version: run `PostgresStore::migrate`"
        }
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => {
            "PostgreSQL did not finish in time"
        }
        _ => "PostgreSQL refused",
    }
}

/// The driver's causes are I/O and TLS errors and constants: no URL, no value.
fn unanswered(what: &'static str, error: &Error) -> StoreError {
    let detail = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    StoreError::new(what).with_detail(detail)
}
