//! Checks whether a server may lose records.

use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{RedisResult, Value};
use token_core::store::StoreError;

use crate::connect::Connection;
use crate::failure::{Step, store_error};

/// The oldest version with the features that the scripts and messages use.
const OLDEST_VERSION: (u32, u32) = (6, 0);

/// A server that holds records, as it describes itself
/// ([`INFO`](https://redis.io/docs/latest/commands/info/)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisNode {
    /// Its version, such as `7.0.15`.
    pub version: String,
    /// Whether it is a primary and accepts writes.
    pub is_primary: bool,
    /// How many replicas are connected to it.
    pub replicas: u32,
    /// How many bytes of memory it may use; 0 if there is no limit.
    pub max_memory: u64,
    /// What it evicts if the memory is full, such as `noeviction`.
    pub eviction: String,
    /// Whether it logs every write, so that a restart loses only what `appendfsync` allows.
    pub append_only: bool,
}

/// Whether the server's settings are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EvictionCheck {
    AtEachConnection,
    /// The user guarantees that nothing is evicted.
    Never,
}

pub(crate) async fn nodes(connection: &mut Connection) -> Result<Vec<RedisNode>, StoreError> {
    let texts = infos(connection)
        .await
        .map_err(|error| store_error(Step::Describing, &error))?;
    texts
        .iter()
        .map(|text| read(text).ok_or_else(unknown))
        .collect()
}

/// Checks that no record can be evicted and that all servers accept writes.
pub(crate) fn check_nodes(nodes: &[RedisNode]) -> Result<(), StoreError> {
    check_settings(nodes)?;
    if nodes.iter().all(|node| node.is_primary) {
        return Ok(());
    }
    Err(StoreError::new(
        "this Redis is a replica and accepts no writes",
    ))
}

/// Checks the settings. A server that accepts no writes for now may still be read.
pub(crate) fn check_settings(nodes: &[RedisNode]) -> Result<(), StoreError> {
    if nodes.is_empty() {
        return Err(unknown());
    }
    nodes.iter().try_for_each(|node| {
        if !is_new_enough(&node.version) {
            return Err(StoreError::new("this Redis is older than 6.0"));
        }
        // Records have no expiry, so the `volatile-` policies do not evict them.
        if node.max_memory > 0 && node.eviction.starts_with("allkeys-") {
            let text = StoreError::new(
                "this Redis may evict tokens: set maxmemory-policy to noeviction or volatile-*",
            );
            return Err(text.with_detail(node.eviction.clone()));
        }
        Ok(())
    })
}

async fn infos(connection: &mut Connection) -> RedisResult<Vec<String>> {
    let info = redis::cmd("INFO");
    match connection {
        Connection::Node(connection) => Ok(vec![info.query_async(connection).await?]),
        Connection::Cluster(connection) => {
            let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            texts_of(
                connection
                    .route_command(info, everywhere)
                    .await?
                    .extract_error()?,
            )
        }
    }
}

fn texts_of(answer: Value) -> RedisResult<Vec<String>> {
    match answer {
        Value::Map(by_node) => by_node
            .into_iter()
            .map(|(_, text)| redis::from_redis_value(text).map_err(Into::into))
            .collect(),
        one => Ok(vec![redis::from_redis_value(one)?]),
    }
}

fn read(info: &str) -> Option<RedisNode> {
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
    };
    Some(RedisNode {
        version: field("redis_version")?.to_owned(),
        is_primary: field("role")? == "master",
        replicas: field("connected_slaves")
            .and_then(|count| count.parse().ok())
            .unwrap_or_default(),
        max_memory: field("maxmemory")?.parse().ok()?,
        eviction: field("maxmemory_policy")
            .filter(|policy| is_word(policy))?
            .to_owned(),
        append_only: field("aof_enabled") == Some("1"),
    })
}

fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or_default());
    (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    ) >= OLDEST_VERSION
}

fn unknown() -> StoreError {
    StoreError::new("this Redis does not say whether it evicts; see `skip_server_check`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory:1048576\r\nmaxmemory_human:1.00M\r\n\
        maxmemory_policy:noeviction\r\n# Persistence\r\naof_enabled:1\r\n# Replication\r\nrole:master\r\nconnected_slaves:2\r\n";

    fn refused(from: &str, to: &str) -> String {
        let node = read(&INFO.replace(from, to)).unwrap();
        check_nodes(&[node]).unwrap_err().to_string()
    }

    #[test]
    fn a_server_is_read_as_it_describes_itself() {
        let node = read(INFO).unwrap();
        assert_eq!(
            (node.version.as_str(), node.is_primary, node.replicas),
            ("7.0.15", true, 2)
        );
        assert_eq!(
            (node.max_memory, node.eviction.as_str(), node.append_only),
            (1 << 20, "noeviction", true)
        );
        check_nodes(&[node]).unwrap();
    }

    // FAULTS.md row 41
    #[test]
    fn a_server_that_may_evict_records_is_refused() {
        for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
            assert!(refused("noeviction", policy).contains(policy));
        }
        for policy in ["volatile-lru", "volatile-ttl"] {
            check_nodes(&[read(&INFO.replace("noeviction", policy)).unwrap()]).unwrap();
        }
        let unbounded = INFO
            .replace("maxmemory:1048576", "maxmemory:0")
            .replace("noeviction", "allkeys-lru");
        check_nodes(&[read(&unbounded).unwrap()]).unwrap();
    }

    #[test]
    fn an_old_server_a_replica_and_one_that_says_nothing_are_refused() {
        assert!(refused("7.0.15", "5.0.14").contains("older"));
        assert!(refused("role:master", "role:slave").contains("replica"));
        assert_eq!(read(&INFO.replace("maxmemory_policy", "x")), None);
        assert!(check_nodes(&[]).is_err());
    }
}
