//! One transaction on one connection of the pool, bounded in time and sent in one go.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use token_core::store::StoreError;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::failure;

/// A connection. One that was not given back, since an operation failed, ran late or was cancelled, is closed: nobody knows what it
/// is still waiting for.
pub(crate) struct Lent(Option<Object>);

impl Lent {
    pub(crate) async fn by(pool: &Pool) -> Result<Self, StoreError> {
        let object = pool.get().await.map_err(|error| failure::pool(&error))?;
        Ok(Self(Some(object)))
    }

    pub(crate) fn client(&self) -> Result<&Client, StoreError> {
        let object = self.0.as_ref().ok_or_else(failure::late)?;
        Ok(object)
    }

    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// When the server may answer.
#[derive(Clone, Copy)]
pub(crate) enum Durability {
    /// When it is on disk, and on the standbys that `synchronous_standby_names` asks for.
    Flushed,
    /// At once. What is written so is on disk at the latest with the next flushed transaction: a lease with the intent that needs it.
    Soon,
}

/// A parameter. Its type goes with it, so that a statement needs no name and no second round trip: that is what passes a pooler.
pub(crate) enum Given<'a> {
    Text(&'a str),
    Bytes(Option<&'a [u8]>),
    Number(i64),
    Truth(bool),
}

impl Given<'_> {
    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Bytes(bytes) => (bytes, Type::BYTEA),
            Self::Number(number) => (number, Type::INT8),
            Self::Truth(truth) => (truth, Type::BOOL),
        }
    }
}

/// Runs one statement that returns at most one row, in a transaction of its own.
pub(crate) async fn run(
    client: &Client,
    limit: Duration,
    durability: Durability,
    sql: &str,
    given: &[Given<'_>],
) -> Result<Option<Row>, StoreError> {
    let begin = begin(limit, durability);
    let given: Vec<_> = given.iter().map(Given::typed).collect();
    // All three are sent before the first is answered: one round trip.
    let (begun, row, ended) = tokio::join!(
        biased;
        client.batch_execute(&begin),
        client.query_typed_opt(sql, &given),
        client.batch_execute(END),
    );
    let failed = |error| failure::statement(&error);
    begun.map_err(failed)?;
    let row = row.map_err(failed)?;
    ended.map_err(failed)?;
    Ok(row)
}

/// A statement timeout during COMMIT would end the wait for a synchronous standby and call it a success.
const END: &str = "SET LOCAL statement_timeout = 0; COMMIT";

/// Everything is set for this transaction only, since the next one may be on another server connection. The role's own defaults for
/// isolation and timeouts do not count; its default to be read-only does.
fn begin(limit: Duration, durability: Durability) -> String {
    let limit = limit.as_millis();
    let flush = match durability {
        Durability::Flushed => "on",
        Durability::Soon => "off",
    };
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; \
         SET LOCAL statement_timeout = {limit}; \
         SET LOCAL lock_timeout = {limit}; \
         SET LOCAL idle_in_transaction_session_timeout = {limit}; \
         SET LOCAL synchronous_commit = {flush}"
    )
}
