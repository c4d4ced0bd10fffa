#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod call;
mod changes;
mod check;
mod dial;
mod failure;
mod hints;
mod link;
mod live;
mod operations;
mod reply;
mod script;
mod servers;
mod store;
mod tls;

pub use builder::RedisStoreBuilder;
pub use check::RedisNode;
pub use servers::Servers;
pub use store::RedisStore;
