#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod access_key;
mod digest;
pub mod end_user;
mod region;
mod verdict;

pub use access_key::{AccessKey, AccessKeyBuilder};
pub use end_user::{EndUser, EndUserBuilder, Parameters};
pub use region::Region;
