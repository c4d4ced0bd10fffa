#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authorize;
mod builder;
mod check;
mod codes;
mod config;
mod endpoint;
mod introspection;
mod judge;
mod preset;
mod sign;
mod wire;

pub use authorize::AuthorizeUrl;
pub use builder::OAuth2Builder;
pub use config::{ClientAuthentication, OAuth2, UnknownTokenType};
pub use introspection::{Introspection, TokenKind};
pub use sign::{Pkce, State};

/// The types and traits of this crate's API.
pub use token_core;
