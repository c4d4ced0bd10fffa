#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod base_url;
mod encoding;
mod endpoint;
mod error;
mod expiry;
mod http_client;
pub mod json;
pub mod jwt;
mod request;
mod scrub;
mod secret;
mod server_clock;
pub mod store;
mod time;
mod token;

pub use answer::{Answer, Lifetime, Renewal};
pub use base_url::{BaseUrl, PlainHttp};
pub use encoding::percent_encode;
pub use endpoint::{Attempt, OneTimeGrant, Outcome, Rotation, TokenEndpoint, TokenKey};
pub use error::{BuildError, Error, ErrorKind};
pub use expiry::{Freshness, RefreshPolicy, Validity};
pub use http_client::{HttpClient, LONGEST_BODY, SendError, SendFailure};
pub use request::{Request, RequestBuilder, Step};
pub use scrub::Scrubber;
pub use secret::Secret;
pub use server_clock::ServerOffset;
pub use store::TokenStore;
pub use time::{Clock, ClockReading, Timestamp};
pub use token::{Generation, Token, TokenBuilder, TokenPlacement};

/// The types of other crates that this crate's traits are written in, so that an implementor needs
/// no dependency of its own.
pub mod reexports {
    pub use async_trait::async_trait;
    pub use bytes::Bytes;
    pub use http;
}
