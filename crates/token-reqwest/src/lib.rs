#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
#[cfg(feature = "rustls")]
mod builder;
mod client;
#[cfg(feature = "rustls")]
mod environment;
mod failure;
mod stage;
#[cfg(feature = "rustls")]
mod tls;

#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
pub use builder::ReqwestClientBuilder;
pub use client::ReqwestClient;
