//! The conformance suite, on one server with messages and with polling, and on a cluster.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use local_servers::Redis;
use token_core::TokenStore;
use token_core::reexports::async_trait;
use token_redis::{RedisStore, RedisStoreBuilder, Servers};
use token_testkit::StorePlace;

use crate::setup::{builder, fresh_prefix, sealing, shared};

struct Place(RedisStoreBuilder);

impl Place {
    fn empty(builder: RedisStoreBuilder) -> Self {
        Self(builder.prefix(fresh_prefix()))
    }
}

#[async_trait]
impl StorePlace for Place {
    async fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.0.clone().connect().await.unwrap())
    }

    fn short_life(&self) -> Duration {
        Duration::from_millis(250)
    }
}

fn cluster() -> RedisStoreBuilder {
    static CLUSTER: OnceLock<Redis> = OnceLock::new();
    let redis = CLUSTER.get_or_init(|| Redis::with().cluster().start().expect("a Redis cluster"));
    RedisStore::builder(Servers::cluster([redis.url()]), sealing())
}

mod one_server {
    use super::*;

    token_testkit::store_conformance!(test = tokio::test, place = Place::empty(builder(shared())));
}

mod one_server_without_messages {
    use super::*;

    token_testkit::store_conformance!(
        test = tokio::test,
        place = Place::empty(builder(shared()).polling_only())
    );
}

mod a_cluster {
    use super::*;

    token_testkit::store_conformance!(test = tokio::test, place = Place::empty(cluster()));
}
