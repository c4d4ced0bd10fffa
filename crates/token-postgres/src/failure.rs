//! Maps the driver's errors to errors without secrets.

use std::error::Error as _;

use deadpool_postgres::PoolError;
use token_core::store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Maps the error of a statement. It shows only the server's code and message: the detail may quote
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

/// Maps an error of the pool.
pub(crate) fn pool(error: &PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => connection(error),
        _ => {
            StoreError::new("the pool of PostgreSQL connections is closed or had none free in time")
        }
    }
}

/// Maps an error of connecting.
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
    StoreError::new("the row was repeatedly created and deleted by others")
}

pub(crate) fn not_ours() -> StoreError {
    StoreError::new("the stored row was not written by this store; it is left unchanged")
}

pub(crate) fn missing_tables() -> StoreError {
    StoreError::new(
        "the tables do not exist: run `PostgresStore::migrate` or the files in migrations/",
    )
}

fn meaning(code: &SqlState) -> &'static str {
    match *code {
        SqlState::READ_ONLY_SQL_TRANSACTION => "PostgreSQL is read-only",
        SqlState::DISK_FULL => "PostgreSQL's disk is full",
        SqlState::INSUFFICIENT_PRIVILEGE => "PostgreSQL's role may not do that",
        SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN => {
            "the tables do not exist or have another version: run `PostgresStore::migrate`"
        }
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => {
            "PostgreSQL did not finish in time"
        }
        _ => "PostgreSQL refused",
    }
}

/// The driver's causes are I/O errors, TLS errors and constants, without a URL or value.
fn unanswered(what: &'static str, error: &Error) -> StoreError {
    let detail = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    StoreError::new(what).with_detail(detail)
}
