#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
mod directory;
mod failure;
#[cfg(feature = "keyring")]
#[cfg_attr(docsrs, doc(cfg(feature = "keyring")))]
mod keyring;
mod lease;
mod names;
mod operations;
mod page;
mod place;
mod private;
mod stamp;
mod steps;
mod store;
mod text;
mod turn;
mod unfinished;
mod watch;
mod write;

pub use store::FileStore;

/// For tests: where a write can be stopped or made to fail.
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util {
    pub use crate::steps::WriteStep;
}
