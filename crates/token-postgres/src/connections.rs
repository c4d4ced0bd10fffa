//! One transaction on one connection of the pool, bounded in time and sent in one go.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use token_core::store::StoreError;
use tokio_postgres::{Client, Error, Row};

use crate::failure;
use crate::password::Refusal;
use crate::statements::Parameter;

/// Connections of our own, or of the program's.
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

/// A connection. One that was not given back, since an operation failed, ran late or was cancelled,
/// is closed: nobody knows what it is still waiting for.
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

/// What an operation does, and when the server may answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It reads.
    Read,
    /// It writes: the server answers at once. What is written so is on disk at the latest with the
    /// next flushed transaction: a lease with the intent that needs it.
    Async,
    /// It writes: the server answers when it is on disk, and on the standbys that
    /// `synchronous_standby_names` asks for.
    Sync,
}

/// Runs one statement that returns at most one row, in a transaction of its own.
pub(crate) async fn run(
    client: &Client,
    limit: Duration,
    durability: Durability,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Option<Row>, StoreError> {
    let parameters: Vec<_> = parameters.iter().map(Parameter::typed).collect();
    let statement = client.query_typed_opt(sql, &parameters);
    let row = match durability {
        Durability::Read => statement.await,
        Durability::Async => in_transaction(client, &begin(limit, "off"), statement).await,
        Durability::Sync => in_transaction(client, &begin(limit, "on"), statement).await,
    };
    row.map_err(|error| failure::statement(&error))
}

/// All three are sent before the first is answered: one round trip.
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

/// Everything is set for this transaction only, since the next one may be on another server
/// connection. The role's own defaults for isolation and timeouts do not count; its default to be
/// read-only does.
fn begin(limit: Duration, flush: &str) -> String {
    // The server gives up before its client does: what was told to have failed does not happen
    // later.
    let limit = (limit * 3 / 4).as_millis().max(1);
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; \
         SET LOCAL statement_timeout = {limit}; \
         SET LOCAL idle_in_transaction_session_timeout = {limit}; \
         SET LOCAL synchronous_commit = {flush}"
    )
}
