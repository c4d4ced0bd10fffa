#![cfg_attr(
    any(
        not(doctest),
        all(feature = "quectel", feature = "oauth2", feature = "file", feature = "client")
    ),
    doc = include_str!("../README.md")
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use token_core as types;
pub use token_core::{BuildError, Error, ErrorKind, OneTimeGrant, Secret, Token, TokenEndpoint};

#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
#[doc(inline)]
pub use token_cache::{self as cache, TokenCache, TokenCacheBuilder, TokenGuard};

#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
#[doc(inline)]
pub use token_cache::BlockingTokenCache;

#[cfg(feature = "pool")]
#[cfg_attr(docsrs, doc(cfg(feature = "pool")))]
#[doc(inline)]
pub use token_cache::{PoolAccount, TokenPool, TokenPoolBuilder};

#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
#[doc(inline)]
pub use token_reqwest::{self as http, ReqwestClient};

#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
#[doc(inline)]
pub use token_hyper::{self as hyper, HyperClient};

#[cfg(feature = "ureq")]
#[cfg_attr(docsrs, doc(cfg(feature = "ureq")))]
#[doc(inline)]
pub use token_ureq as ureq;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
#[doc(inline)]
pub use token_reqwest::{Execute, IntoClient};

#[cfg(feature = "file")]
#[cfg_attr(docsrs, doc(cfg(feature = "file")))]
#[doc(inline)]
pub use token_file::FileStore;

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
#[doc(inline)]
pub use token_postgres::PostgresStore;

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
#[doc(inline)]
pub use token_redis::RedisStore;

/// The crates of the stores, with their builders.
#[cfg(any(feature = "file", feature = "postgres", feature = "redis"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "file", feature = "postgres", feature = "redis")))
)]
pub mod stores {
    #[cfg(feature = "file")]
    #[cfg_attr(docsrs, doc(cfg(feature = "file")))]
    #[doc(inline)]
    pub use token_file as file;

    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    #[doc(inline)]
    pub use token_postgres as postgres;

    #[cfg(feature = "redis")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
    #[doc(inline)]
    pub use token_redis as redis;
}

#[cfg(feature = "sealing")]
#[cfg_attr(docsrs, doc(cfg(feature = "sealing")))]
#[doc(inline)]
pub use token_sealing as sealing;

#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
#[doc(inline)]
pub use token_tower as tower;

/// Re-exports each vendor's crate under the name of its feature, one line per vendor.
macro_rules! vendors {
    ($($feature:literal: $module:ident;)*) => {
        $(
            #[cfg(feature = $feature)]
            #[cfg_attr(docsrs, doc(cfg(feature = $feature)))]
            #[doc(inline)]
            pub use ::$module;
        )*
    };
}

vendors! {
    "enos-apim": enos_apim;
    "oauth2": oauth2;
    "privcloud": privcloud;
    "quectel": quectel;
}

/// Returns a builder for a cache that keeps one token of this endpoint fresh, with
/// [`ReqwestClient`] as its HTTP client.
///
/// ```
/// # fn main() -> Result<(), vendor_auth::BuildError> {
/// # #[cfg(feature = "oauth2")] {
/// use vendor_auth::oauth2::OAuth2;
///
/// let endpoint = OAuth2::builder("https://id.example.com")
///     .client_id("app")
///     .client_secret("the client's secret")
///     .client_credentials()
///     .build()?;
/// let tokens = vendor_auth::builder(endpoint)?.build()?;
/// # }
/// # Ok(())
/// # }
/// ```
///
/// Use [`TokenCache::builder`] for another HTTP client.
///
/// # Errors
///
/// [`BuildError`] if the machine has no root certificates.
#[cfg(all(feature = "cache", feature = "reqwest"))]
#[cfg_attr(docsrs, doc(cfg(all(feature = "cache", feature = "reqwest"))))]
pub fn builder(endpoint: impl TokenEndpoint) -> Result<TokenCacheBuilder, BuildError> {
    Ok(TokenCache::builder(endpoint).http_client(ReqwestClient::shared()?))
}

/// Returns a reqwest client that sends each request with the token of this endpoint, and once more
/// with a new token if the API refused it.
///
/// ```
/// # async fn run(
/// #     endpoint: impl vendor_auth::TokenEndpoint,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let api = vendor_auth::client(endpoint)?;
/// let devices = api.get("https://api.example.com/devices").send().await?.text().await?;
/// # Ok(())
/// # }
/// ```
///
/// For `json`, `form` and `query`, depend on `reqwest-middleware` with the features of these names.
///
/// The token is kept in memory and sent to the endpoint's own origins only. For a store, an API on
/// another host or other settings, use [`builder`] with [`Execute::execute`] or
/// [`http::client`].
///
/// # Errors
///
/// [`BuildError`] if the machine has no root certificates.
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub fn client(
    endpoint: impl TokenEndpoint,
) -> Result<http::reqwest_middleware::ClientWithMiddleware, BuildError> {
    endpoint.into_client()
}
