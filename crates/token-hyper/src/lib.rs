#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod client;
mod connection;
mod connector;
mod failure;
mod host;
pub mod parts;
mod request;

pub use builder::HyperClientBuilder;
pub use client::HyperClient;
