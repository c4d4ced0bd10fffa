#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocking;
mod boot_instant;
mod current;
mod directory;
mod due;
mod fail_points;
mod failure;
mod file_lock;
mod file_name;
mod format;
#[cfg(feature = "keyring")]
#[cfg_attr(docsrs, doc(cfg(feature = "keyring")))]
mod keyring;
mod lease;
mod operations;
mod permissions;
mod store;
mod token_file;
mod token_paths;
mod unfinished;
mod watch;
mod write;

pub use store::FileStore;

/// Tools for tests: the steps at which a write can be stopped or made to fail.
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util {
    pub use crate::fail_points::WriteStep;
}
