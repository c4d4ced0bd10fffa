#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod codes;
mod config;
mod endpoint;
mod judge;
mod sign;
mod wire;

pub use config::{EnosApim, EnosApimBuilder, TimestampAs};
pub use sign::{encryption, request_signature};

/// The types and traits of this crate's API.
pub use token_core;
