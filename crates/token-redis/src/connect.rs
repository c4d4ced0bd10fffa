//! Connects to one server, to the primary that sentinels name, or to a cluster.

use std::fmt;
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
use crate::listeners::Listeners;
use crate::servers::{Kind, Servers};

/// The settings of each connection.
pub(crate) struct ConnectOptions {
    /// The limit for connecting, and for each answer of a cluster.
    pub(crate) within: Duration,
    /// Receive the server's messages; `None` if nothing subscribes.
    pub(crate) listeners: Option<Listeners>,
    #[cfg_attr(
        not(feature = "rustls"),
        expect(dead_code, reason = "not used without TLS")
    )]
    pub(crate) certificates: Certificates,
}

impl ConnectOptions {
    /// Only version 3 of the protocol has messages beside answers.
    fn protocol(&self) -> ProtocolVersion {
        match self.listeners {
            Some(_) => ProtocolVersion::RESP3,
            None => ProtocolVersion::RESP2,
        }
    }
}

/// Opens connections. Each one has a new client, because the password may have changed.
pub(crate) struct Connector {
    servers: Servers,
    options: ConnectOptions,
    password: Option<Arc<dyn PasswordSource>>,
}

enum Client {
    Node(redis::Client),
    Sentinels(Box<SentinelClient>),
    Cluster(Box<ClusterClient>),
}

#[derive(Clone)]
pub(crate) enum Connection {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connector {
    /// Checks the settings, without connecting.
    pub(crate) fn new(
        servers: Servers,
        options: ConnectOptions,
        password: Option<Arc<dyn PasswordSource>>,
    ) -> RedisResult<Self> {
        let connector = Self {
            servers,
            options,
            password,
        };
        connector.client(None).map(|_| connector)
    }

    pub(crate) async fn open(&self) -> Result<Connection, StoreError> {
        let password = match &self.password {
            Some(source) => Some(source.password().await?),
            None => None,
        };
        self.connect(password.as_ref())
            .await
            .map_err(|error| store_error(Step::Connecting, &error))
    }

    async fn connect(&self, password: Option<&Secret>) -> RedisResult<Connection> {
        match self.client(password)? {
            Client::Node(client) => connect(&client, &self.options).await,
            Client::Sentinels(mut sentinels) => {
                connect(&sentinels.async_get_client().await?, &self.options).await
            }
            Client::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }

    fn client(&self, password: Option<&Secret>) -> RedisResult<Client> {
        let options = &self.options;
        match &self.servers.0 {
            Kind::Node(url) => node_client(url, password, options).map(Client::Node),
            Kind::Sentinels {
                sentinels,
                service,
                nodes_like,
            } => {
                let client =
                    sentinel_client(sentinels, service, nodes_like.as_deref(), password, options)?;
                Ok(Client::Sentinels(Box::new(client)))
            }
            Kind::Cluster(nodes) => cluster_client(nodes, password, options)
                .map(|client| Client::Cluster(Box::new(client))),
        }
    }
}

async fn connect(client: &redis::Client, options: &ConnectOptions) -> RedisResult<Connection> {
    // The caller limits the time for an answer: it may include waiting for replicas.
    let mut config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(options.within))
        .set_response_timeout(None);
    if let Some(listeners) = &options.listeners {
        config = config.set_push_sender(listeners.on_push());
    }
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .map(Connection::Node)
}

fn node_client(
    url: &str,
    password: Option<&Secret>,
    options: &ConnectOptions,
) -> RedisResult<redis::Client> {
    let info = url.into_connection_info()?;
    let mut settings = info
        .redis_settings()
        .clone()
        .set_protocol(options.protocol());
    if let Some(password) = password {
        settings = settings.set_password(password.expose());
    }
    let info = info.set_redis_settings(settings);
    #[cfg(feature = "rustls")]
    if options.certificates.are_set() {
        return redis::Client::build_with_tls(info, options.certificates.for_driver());
    }
    redis::Client::open(info)
}

fn sentinel_client(
    sentinels: &[String],
    service: &str,
    nodes_like: Option<&str>,
    password: Option<&Secret>,
    options: &ConnectOptions,
) -> RedisResult<SentinelClient> {
    let infos = sentinels
        .iter()
        .map(|url| url.as_str().into_connection_info())
        .collect::<RedisResult<Vec<_>>>()?;
    let addresses = infos.iter().map(|info| info.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
        .set_client_to_redis_protocol(options.protocol());
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
    if options.certificates.are_set() {
        builder = builder
            .set_client_to_sentinel_certificates(options.certificates.for_driver())
            .set_client_to_redis_certificates(options.certificates.for_driver());
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

fn cluster_client(
    nodes: &[String],
    password: Option<&Secret>,
    options: &ConnectOptions,
) -> RedisResult<ClusterClient> {
    let mut builder = ClusterClientBuilder::new(nodes.iter().map(String::as_str))
        .connection_timeout(options.within)
        .response_timeout(options.within)
        .use_protocol(options.protocol());
    if let Some(password) = password {
        builder = builder.password(password.expose());
    }
    if let Some(listeners) = &options.listeners {
        builder = builder.push_sender(listeners.on_push());
    }
    #[cfg(feature = "rustls")]
    if options.certificates.are_set() {
        builder = builder.certs(options.certificates.for_driver());
    }
    builder.build()
}

/// A certificate authority instead of the platform's, and the client's certificate and key; all in
/// PEM.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    pub(crate) authority: Option<Vec<u8>>,
    pub(crate) client: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    pub(crate) fn are_set(&self) -> bool {
        self.authority.is_some() || self.client.is_some()
    }

    #[cfg(feature = "rustls")]
    pub(crate) fn for_driver(&self) -> redis::TlsCertificates {
        let client = self.client.clone();
        redis::TlsCertificates {
            client_tls: client.map(|(client_cert, client_key)| redis::ClientTlsConfig {
                client_cert,
                client_key,
            }),
            root_cert: self.authority.clone(),
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

/// Installs cipher suites for the driver, which takes them from the process, unless the program has
/// installed some.
pub(crate) fn install_crypto_provider() {
    #[cfg(feature = "rustls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have installed some in between.
        _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
