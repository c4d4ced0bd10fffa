#![cfg_attr(any(not(doctest), feature = "client"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod authorize;
mod builder;
mod check;
mod codes;
mod config;
mod endpoint;
mod introspection;
mod judge;
mod preset;
mod sign;
mod wire;

pub use authorize::AuthorizeUrl;
pub use builder::OAuth2Builder;
pub use config::{ClientAuthentication, OAuth2, UnknownTokenType};
pub use introspection::{Introspection, TokenKind};
pub use sign::{Pkce, State};

/// The types and traits of this crate's API.
pub use token_core;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use token_reqwest::IntoClient;

/// The cache that `IntoClient::into_cache` returns.
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use token_cache;

/// The HTTP client of that cache, and its builder.
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use token_reqwest;
