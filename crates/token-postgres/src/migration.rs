//! How the tables come to be.

use token_core::store::StoreError;
use tokio_postgres::Client;

use crate::failure;
use crate::places::Places;

/// The version of the schema that this library reads and writes.
pub(crate) const VERSION: i32 = 1;

/// One at a time, whoever migrates: `CREATE TABLE IF NOT EXISTS` alone fails where two create the
/// same. Of a transaction, so that a pooler does not keep it for somebody else.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7309453671823105121)";

pub(crate) async fn run(client: &Client, places: &Places) -> Result<(), StoreError> {
    let tables = places.named_in(include_str!("../migrations/0001_tokens.sql"));
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
