#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod layer;
mod piece;
mod request_body;
mod response_body;
mod send;
mod sent_body;
mod service;
mod settings;

pub use layer::TokenLayer;
pub use request_body::RequestBody;
pub use response_body::ResponseBody;
pub use service::TokenService;
pub use {token_cache, token_core};

/// The error of tower's middleware that adds errors of its own.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
