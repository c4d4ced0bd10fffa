#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod changes;
mod check;
mod connect;
mod connection;
mod failure;
mod listeners;
mod operations;
mod reply;
mod script;
mod servers;
mod session;
mod store;

pub use builder::RedisStoreBuilder;
pub use check::RedisNode;
pub use servers::Servers;
pub use store::RedisStore;
