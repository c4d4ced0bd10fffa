//! Connecting: to one server, to the primary that sentinels name, to a cluster.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    RedisResult, TlsMode,
};
use token_core::Secret;
use token_core::store::{PasswordSource, StoreError};

use crate::failure::{Step, store_error};
use crate::hints::Hints;
use crate::servers::{Kind, Servers};
use crate::tls::Certificates;

/// How each connection is made.
pub(crate) struct Manner {
    /// For a connection, and for an answer of a cluster.
    pub(crate) within: Duration,
    /// Bells to ring by messages of the server; `None` where nobody is subscribed.
    pub(crate) hints: Option<Hints>,
    #[cfg_attr(
        not(feature = "rustls"),
        expect(dead_code, reason = "without TLS nobody asks for them")
    )]
    pub(crate) certificates: Certificates,
}

impl Manner {
    /// Messages come beside answers in version 3 of the protocol only.
    fn protocol(&self) -> ProtocolVersion {
        match self.hints {
            Some(_) => ProtocolVersion::RESP3,
            None => ProtocolVersion::RESP2,
        }
    }
}

/// What connects: made anew for each connection, since the password may be another by then.
pub(crate) struct Dialer {
    servers: Servers,
    manner: Manner,
    password: Option<Arc<dyn PasswordSource>>,
}

enum Client {
    Node(redis::Client),
    Sentinels(Box<SentinelClient>),
    Cluster(Box<ClusterClient>),
}

#[derive(Clone)]
pub(crate) enum Line {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Dialer {
    /// Nothing is connected yet, but all is tried that can be wrong before.
    pub(crate) fn new(
        servers: Servers,
        manner: Manner,
        password: Option<Arc<dyn PasswordSource>>,
    ) -> RedisResult<Self> {
        let dialer = Self {
            servers,
            manner,
            password,
        };
        dialer.client(None).map(|_| dialer)
    }

    pub(crate) async fn dial(&self) -> Result<Line, StoreError> {
        let password = match &self.password {
            Some(source) => Some(source.password().await?),
            None => None,
        };
        self.connect(password.as_ref())
            .await
            .map_err(|error| store_error(Step::Connecting, &error))
    }

    async fn connect(&self, password: Option<&Secret>) -> RedisResult<Line> {
        match self.client(password)? {
            Client::Node(client) => connect(&client, &self.manner).await,
            Client::Sentinels(mut sentinels) => {
                connect(&sentinels.async_get_client().await?, &self.manner).await
            }
            Client::Cluster(client) => client.get_async_connection().await.map(Line::Cluster),
        }
    }

    fn client(&self, password: Option<&Secret>) -> RedisResult<Client> {
        let manner = &self.manner;
        match &self.servers.0 {
            Kind::Node(url) => node(url, password, manner).map(Client::Node),
            Kind::Sentinels {
                sentinels,
                service,
                nodes_like,
            } => {
                let client = watched(sentinels, service, nodes_like.as_deref(), password, manner)?;
                Ok(Client::Sentinels(Box::new(client)))
            }
            Kind::Cluster(nodes) => {
                cluster(nodes, password, manner).map(|client| Client::Cluster(Box::new(client)))
            }
        }
    }
}

async fn connect(client: &redis::Client, manner: &Manner) -> RedisResult<Line> {
    // Answers are waited for by who asks: some wait for replicas too.
    let mut config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(manner.within))
        .set_response_timeout(None);
    if let Some(hints) = &manner.hints {
        config = config.set_push_sender(hints.ear());
    }
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .map(Line::Node)
}

fn node(url: &str, password: Option<&Secret>, manner: &Manner) -> RedisResult<redis::Client> {
    let info = url.into_connection_info()?;
    let mut settings = info
        .redis_settings()
        .clone()
        .set_protocol(manner.protocol());
    if let Some(password) = password {
        settings = settings.set_password(password.expose());
    }
    let info = info.set_redis_settings(settings);
    #[cfg(feature = "rustls")]
    if manner.certificates.is_given() {
        return redis::Client::build_with_tls(info, manner.certificates.for_driver());
    }
    redis::Client::open(info)
}

fn watched(
    sentinels: &[String],
    service: &str,
    nodes_like: Option<&str>,
    password: Option<&Secret>,
    manner: &Manner,
) -> RedisResult<SentinelClient> {
    let infos = sentinels
        .iter()
        .map(|url| url.as_str().into_connection_info())
        .collect::<RedisResult<Vec<_>>>()?;
    let addresses = infos.iter().map(|info| info.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
        .set_client_to_redis_protocol(manner.protocol());
    if let Some(first) = infos.first() {
        builder = to_sentinels(builder, first);
    }
    if let Some(url) = nodes_like {
        builder = to_nodes(builder, &url.into_connection_info()?);
    }
    if let Some(password) = password {
        builder = builder.set_client_to_redis_password(password.expose());
    }
    #[cfg(feature = "rustls")]
    if manner.certificates.is_given() {
        builder = builder
            .set_client_to_sentinel_certificates(manner.certificates.for_driver())
            .set_client_to_redis_certificates(manner.certificates.for_driver());
    }
    builder.build()
}

fn to_sentinels(
    mut builder: SentinelClientBuilder,
    like: &ConnectionInfo,
) -> SentinelClientBuilder {
    let settings = like.redis_settings();
    if let Some(user) = settings.username() {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = settings.password() {
        builder = builder.set_client_to_sentinel_password(password);
    }
    match like.addr() {
        ConnectionAddr::TcpTls { .. } => builder.set_client_to_sentinel_tls_mode(TlsMode::Secure),
        _ => builder,
    }
}

fn to_nodes(mut builder: SentinelClientBuilder, like: &ConnectionInfo) -> SentinelClientBuilder {
    let settings = like.redis_settings();
    if let Some(user) = settings.username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = settings.password() {
        builder = builder.set_client_to_redis_password(password);
    }
    builder = builder.set_client_to_redis_db(settings.db());
    match like.addr() {
        ConnectionAddr::TcpTls { .. } => builder.set_client_to_redis_tls_mode(TlsMode::Secure),
        _ => builder,
    }
}

fn cluster(
    nodes: &[String],
    password: Option<&Secret>,
    manner: &Manner,
) -> RedisResult<ClusterClient> {
    let mut builder = ClusterClientBuilder::new(nodes.iter().map(String::as_str))
        .connection_timeout(manner.within)
        .response_timeout(manner.within)
        .use_protocol(manner.protocol());
    if let Some(password) = password {
        builder = builder.password(password.expose());
    }
    if let Some(hints) = &manner.hints {
        builder = builder.push_sender(hints.ear());
    }
    #[cfg(feature = "rustls")]
    if manner.certificates.is_given() {
        builder = builder.certs(manner.certificates.for_driver());
    }
    builder.build()
}
