#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod endpoint;
mod error;
mod http;
mod scrub;
pub mod store;
mod token;

pub use self::api::body::ApiBody;
pub use self::api::origin::ApiOrigin;
pub use self::api::verdict::{ApiResponse, ApiVerdict};
pub use self::endpoint::answer::Answer;
pub use self::endpoint::answer::lifetime::{Lifetime, Renewal};
pub use self::endpoint::answer::outcome::Outcome;
pub use self::endpoint::attempt::{Attempt, Reason, Step};
pub use self::endpoint::base_url::{BaseUrl, PlainHttp};
pub use self::endpoint::exchange::{Purpose, exchange};
pub use self::endpoint::one_time_grant::OneTimeGrant;
pub use self::endpoint::query::percent_encode;
pub use self::endpoint::request::Request;
pub use self::endpoint::request::builder::RequestBuilder;
pub use self::endpoint::request::signature::Signature;
pub use self::endpoint::server_clock::ServerOffset;
pub use self::endpoint::{Rotation, TokenEndpoint, json, jwt};
pub use self::error::{BuildError, Error, ErrorKind};
pub use self::http::{
    HttpClient, HttpFn, LONGEST_BODY, Repeatable, SendError, SendFailure, http_fn,
};
pub use self::scrub::Scrubber;
pub use self::store::TokenStore;
pub use self::token::Token;
pub use self::token::builder::TokenBuilder;
pub use self::token::expiry::{Freshness, RefreshPolicy, Validity};
pub use self::token::generation::Generation;
pub use self::token::key::TokenKey;
pub use self::token::placement::TokenPlacement;
pub use self::token::secret::Secret;
pub use self::token::time::{Clock, ClockReading, Timestamp};

/// The types of other crates that this crate's traits are written in, so that an implementor needs
/// no dependency of its own.
pub mod reexports {
    pub use async_trait::async_trait;
    pub use bytes::Bytes;
    pub use http;
}
