#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod browser;
mod codes;
mod config;
mod dialect;
mod endpoint;
mod wire;

pub use browser::ActingAs;
pub use config::PrivateCloudBuilder;
pub use dialect::{Codes, Dialect, Fields, Parameters, Paths};
pub use endpoint::PrivateCloud;
