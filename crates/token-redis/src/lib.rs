#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod changes;
mod check;
mod connect;
mod connection;
mod due;
mod due_index;
mod failure;
mod listeners;
mod operations;
mod repair;
mod reply;
mod scan;
mod script;
mod servers;
mod session;
mod store;

pub use builder::RedisStoreBuilder;
pub use check::RedisNode;
pub use servers::Servers;
pub use store::RedisStore;

/// Re-exports of the types of other crates in this crate's public API, so that you need no
/// dependency on the same versions.
pub mod types {
    pub use token_core::store::PasswordSource;
    pub use token_sealing::{Sealing, SealingKey};
}
