//! Runs one transaction on a connection of the pool, with a timeout and in one round trip.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use token_core::store::StoreError;
use tokio_postgres::{Client, Error, Row};

use crate::failure;
use crate::password::Refusal;
use crate::statements::Parameter;

/// The store's pool, or the program's.
pub(crate) struct Connections {
    pub(crate) pool: Pool,
    pub(crate) refusal: Refusal,
}

impl Connections {
    pub(crate) async fn checkout(&self) -> Result<Checkout, StoreError> {
        let object = self.pool.get().await;
        object
            .map(|object| Checkout(Some(object)))
            .map_err(|error| {
                let refusal = self.refusal.take();
                refusal.unwrap_or_else(|| failure::pool(&error))
            })
    }
}

/// A connection from the pool. If it is dropped without `put_back`, because an operation failed,
/// timed out or was cancelled, it is closed: an answer may still be pending on it.
pub(crate) struct Checkout(Option<Object>);

impl Checkout {
    pub(crate) fn client(&self) -> Result<&Client, StoreError> {
        let object = self.0.as_ref().ok_or_else(failure::timed_out)?;
        Ok(object)
    }

    pub(crate) fn put_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// Whether an operation writes, and when the server acknowledges it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Reads.
    Read,
    /// Writes, and is acknowledged at once. It is on disk at the latest with the next synchronous
    /// transaction: a lease with the intent that needs it.
    Async,
    /// Writes, and is acknowledged once it is on disk and on the standbys that
    /// `synchronous_standby_names` requires.
    Sync,
}

/// Runs one statement in a transaction of its own.
pub(crate) async fn run(
    client: &Client,
    limit: Duration,
    durability: Durability,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<Row>, StoreError> {
    let parameters: Vec<_> = parameters.iter().map(Parameter::typed).collect();
    let statement = client.query_typed(sql, &parameters);
    let rows = match durability {
        Durability::Read => statement.await,
        Durability::Async => in_transaction(client, &begin(limit, "off"), statement).await,
        Durability::Sync => in_transaction(client, &begin(limit, "on"), statement).await,
    };
    rows.map_err(|error| failure::statement(&error))
}

/// Sends all three before the first answer arrives: one round trip.
async fn in_transaction<T>(
    client: &Client,
    begin: &str,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let (begun, answer, ended) = tokio::join!(biased; client.batch_execute(begin), statement, client.batch_execute("COMMIT"));
    begun?;
    let answer = answer?;
    ended?;
    Ok(answer)
}

/// Everything is set for this transaction only, since behind a pooler the next one may use another
/// server connection. This overrides the role's defaults for isolation and timeouts, but not
/// `default_transaction_read_only`.
fn begin(limit: Duration, flush: &str) -> String {
    // The server gives up before the client does, so that an operation that was reported as failed
    // does not happen later.
    let limit = (limit * 3 / 4).as_millis().max(1);
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; \
         SET LOCAL statement_timeout = {limit}; \
         SET LOCAL idle_in_transaction_session_timeout = {limit}; \
         SET LOCAL synchronous_commit = {flush}"
    )
}
