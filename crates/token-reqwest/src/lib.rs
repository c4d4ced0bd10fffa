#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "rustls")]
mod builder;
mod client;
mod failure;
mod stage;
#[cfg(feature = "rustls")]
mod tls;

#[cfg(feature = "rustls")]
#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
pub use builder::ReqwestClientBuilder;
pub use client::ReqwestClient;
