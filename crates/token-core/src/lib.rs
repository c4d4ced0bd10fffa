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
pub use endpoint::{Attempt, Key, Outcome, Redemption, Rotation, TokenEndpoint};
pub use error::{BuildError, Error, ErrorKind};
pub use expiry::{Freshness, Validity, Windows};
pub use http_client::{HttpClient, LONGEST_BODY, SendError, SendFailure};
pub use request::{Request, RequestBuilder, Step};
pub use scrub::Scrubber;
pub use secret::Secret;
pub use server_clock::ServerOffset;
pub use store::TokenStore;
pub use time::{Clock, Moment, Timestamp};
pub use token::{Carriage, Generation, Token, TokenBuilder};

/// The types of other crates that this crate's traits are written in, so that an implementor needs no dependency of its own.
pub mod types {
    pub use async_trait::async_trait;
    pub use bytes::Bytes;
    pub use http;
}
