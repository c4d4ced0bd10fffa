#![cfg_attr(any(not(doctest), feature = "client"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authorize;
mod codes;
mod config;
mod dialect;
mod endpoint;
mod judge;
mod wire;

pub use authorize::ActingAs;
pub use codes::Codes;
pub use config::{PrivateCloud, PrivateCloudBuilder};
pub use dialect::{Dialect, Fields, Paths};

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
