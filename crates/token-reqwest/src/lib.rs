#![cfg_attr(any(not(doctest), feature = "execute"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
#[cfg(feature = "execute")]
mod api;
#[cfg(feature = "rustls")]
mod builder;
mod client;
mod connections;
#[cfg(feature = "rustls")]
mod environment;
mod failure;
#[cfg(feature = "rustls")]
mod process_client;
mod redirects;
mod routes;
mod stage;

#[cfg(feature = "execute")]
#[cfg_attr(docsrs, doc(cfg(feature = "execute")))]
pub use api::{ApiClient, ApiSender, Execute, ExecuteError};
#[cfg(all(feature = "middleware", feature = "rustls"))]
#[cfg_attr(docsrs, doc(cfg(all(feature = "middleware", feature = "rustls"))))]
pub use api::{IntoClient, builder};
#[cfg(feature = "middleware")]
#[cfg_attr(docsrs, doc(cfg(feature = "middleware")))]
pub use api::{TokenMiddleware, client};

#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
pub use builder::ReqwestClientBuilder;
pub use client::ReqwestClient;

/// The crate of the client that `client` returns.
#[cfg(feature = "middleware")]
#[cfg_attr(docsrs, doc(cfg(feature = "middleware")))]
pub use reqwest_middleware;
