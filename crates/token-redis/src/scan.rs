//! `SCAN` on one server, or on each primary of a cluster.

use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, ErrorKind, RedisError, RedisResult, Value};
use token_core::store::StoreError;

use crate::connect::Connection;
use crate::failure::{Step, store_error};
use crate::reply;

/// About how many keys the server looks at for one answer.
const COUNT: u32 = 1000;

/// The address of a node of a cluster.
pub(crate) struct Address {
    host: String,
    port: u16,
}

/// Returns the nodes that must be scanned to find every record; `None` is the only server.
pub(crate) async fn nodes(connection: &mut Connection) -> Result<Vec<Option<Address>>, StoreError> {
    let Connection::Cluster(connection) = connection else {
        return Ok(vec![None]);
    };
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answers = connection
        .route_command(redis::cmd("PING"), everywhere)
        .await;
    addresses(answers).map_err(|error| store_error(Step::Scanning, &error))
}

fn addresses(answers: RedisResult<Value>) -> RedisResult<Vec<Option<Address>>> {
    let unexpected = || RedisError::from((ErrorKind::UnexpectedReturnType, "no map of nodes"));
    let Value::Map(by_node) = answers?.extract_error()? else {
        return Err(unexpected());
    };
    let address = |(address, _)| {
        let address: String = redis::from_redis_value(address)?;
        let (host, port) = address.rsplit_once(':').ok_or_else(unexpected)?;
        Ok(Some(Address {
            host: host.to_owned(),
            port: port.parse().map_err(|_| unexpected())?,
        }))
    };
    by_node.into_iter().map(address).collect()
}

/// Returns the names of some hashes that match, and the cursor for the next ones, which is 0 at the
/// end.
pub(crate) async fn scan(
    connection: &mut Connection,
    node: Option<&Address>,
    cursor: u64,
    pattern: &str,
) -> Result<(u64, Vec<String>), StoreError> {
    let mut command = redis::cmd("SCAN");
    command
        .arg(cursor)
        .arg("MATCH")
        .arg(pattern)
        .arg("COUNT")
        .arg(COUNT)
        .arg("TYPE")
        .arg("hash");
    let answer = send(connection, node, command).await;
    let answer = answer.map_err(|error| store_error(Step::Scanning, &error))?;
    let (next, names): (u64, Vec<Value>) = reply::read(answer)?;
    // A name that is no text is not a record's.
    let names = names.into_iter().filter_map(|name| reply::read(name).ok());
    Ok((next, names.collect()))
}

async fn send(
    connection: &mut Connection,
    node: Option<&Address>,
    command: Cmd,
) -> RedisResult<Value> {
    match (connection, node) {
        (Connection::Cluster(connection), Some(Address { host, port })) => {
            let there = SingleNodeRoutingInfo::ByAddress {
                host: host.clone(),
                port: *port,
            };
            let answer = connection.route_command(command, RoutingInfo::SingleNode(there));
            answer.await?.extract_error()
        }
        (Connection::Cluster(connection), None) => command.query_async(connection).await,
        (Connection::Node(connection), _) => command.query_async(connection).await,
    }
}
