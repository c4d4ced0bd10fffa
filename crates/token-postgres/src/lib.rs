#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod connections;
mod failure;
mod notify;
mod operations;
mod password;
mod rows;
mod startup;
mod statements;
mod store;
mod tables;
mod tls;

pub use builder::PostgresStoreBuilder;
pub use store::PostgresStore;

/// Re-exports of the types of other crates in this crate's public API, so that you need no
/// dependency on the same versions.
pub mod types {
    pub use deadpool_postgres::{self, Pool};
    pub use token_core::store::PasswordSource;
    pub use token_sealing::{Sealing, SealingKey};
}
