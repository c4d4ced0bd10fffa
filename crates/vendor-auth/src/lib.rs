#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use token_core as core;
pub use token_core::{BuildError, Error, ErrorKind, Redemption, Secret, Token, TokenEndpoint};

#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
#[doc(inline)]
pub use token_cache::{self as cache, TokenCache, TokenGuard};

#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
#[doc(inline)]
pub use token_reqwest::{self as reqwest, ReqwestClient};

#[cfg(feature = "file")]
#[cfg_attr(docsrs, doc(cfg(feature = "file")))]
#[doc(inline)]
pub use token_cache::FileStore;

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
#[doc(inline)]
pub use token_postgres::{self as postgres, PostgresStore};

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
#[doc(inline)]
pub use token_redis::{self as redis, RedisStore};

#[cfg(feature = "sealing")]
#[cfg_attr(docsrs, doc(cfg(feature = "sealing")))]
#[doc(inline)]
pub use token_sealing as sealing;

/// Each vendor's crate under its feature's name, one line a vendor.
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

/// One token of this endpoint, kept fresh: over reqwest with rustls, in memory, with sensible times.
///
/// ```
/// # fn main() -> Result<(), vendor_auth::BuildError> {
/// # #[cfg(feature = "oauth2")] {
/// use vendor_auth::oauth2::OAuth2;
///
/// let endpoint = OAuth2::builder("https://id.example.com")
///     .client_id("app")
///     .client_secret("from a safe place")
///     .client_credentials()
///     .build()?;
/// let tokens = vendor_auth::token_cache(endpoint)?;
/// # }
/// # Ok(())
/// # }
/// ```
///
/// For another HTTP client, a store that is shared between hosts, or other times, use [`TokenCache::builder`].
///
/// # Errors
///
/// [`BuildError`] where the machine has no root certificates or gives no random numbers.
#[cfg(all(feature = "cache", feature = "reqwest"))]
#[cfg_attr(docsrs, doc(cfg(all(feature = "cache", feature = "reqwest"))))]
pub fn token_cache(endpoint: impl TokenEndpoint) -> Result<TokenCache, BuildError> {
    TokenCache::builder(endpoint).http(ReqwestClient::new()?).build()
}
