//! Connecting: to one server, to the primary that sentinels name, to a cluster.

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

/// How each connection is made.
pub(crate) struct ConnectOptions {
    /// For a connection, and for an answer of a cluster.
    pub(crate) within: Duration,
    /// Bells to ring by messages of the server; `None` where nobody is subscribed.
    pub(crate) listeners: Option<Listeners>,
    #[cfg_attr(
        not(feature = "rustls"),
        expect(dead_code, reason = "without TLS nobody asks for them")
    )]
    pub(crate) certificates: Certificates,
}

impl ConnectOptions {
    /// Messages come beside answers in version 3 of the protocol only.
    fn protocol(&self) -> ProtocolVersion {
        match self.listeners {
            Some(_) => ProtocolVersion::RESP3,
            None => ProtocolVersion::RESP2,
        }
    }
}

/// What connects: made anew for each connection, since the password may be another by then.
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
    /// Nothing is connected yet, but all is tried that can be wrong before.
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
            Kind::Node(url) => node(url, password, options).map(Client::Node),
            Kind::Sentinels {
                sentinels,
                service,
                nodes_like,
            } => {
                let client = watched(sentinels, service, nodes_like.as_deref(), password, options)?;
                Ok(Client::Sentinels(Box::new(client)))
            }
            Kind::Cluster(nodes) => {
                cluster(nodes, password, options).map(|client| Client::Cluster(Box::new(client)))
            }
        }
    }
}

async fn connect(client: &redis::Client, options: &ConnectOptions) -> RedisResult<Connection> {
    // Answers are waited for by who asks: some wait for replicas too.
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

fn node(
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
    if options.certificates.is_given() {
        return redis::Client::build_with_tls(info, options.certificates.for_driver());
    }
    redis::Client::open(info)
}

fn watched(
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
    if options.certificates.is_given() {
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

fn cluster(
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
    if options.certificates.is_given() {
        builder = builder.certs(options.certificates.for_driver());
    }
    builder.build()
}

/// What replaces the platform's trust, and what the server may ask us for. PEM text, each.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    pub(crate) authority: Option<Vec<u8>>,
    pub(crate) ours: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    pub(crate) fn is_given(&self) -> bool {
        self.authority.is_some() || self.ours.is_some()
    }

    #[cfg(feature = "rustls")]
    pub(crate) fn for_driver(&self) -> redis::TlsCertificates {
        let ours = self.ours.clone();
        redis::TlsCertificates {
            client_tls: ours.map(|(client_cert, client_key)| redis::ClientTlsConfig {
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

/// The driver takes its cipher suites from the process. A choice that the program made stands.
pub(crate) fn install_crypto_provider() {
    #[cfg(feature = "rustls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be faster, with the same right.
        _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
