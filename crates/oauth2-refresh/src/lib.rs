#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authorize;
mod codes;
mod config;
mod endpoint;
mod introspection;
mod sign;
mod wire;

pub use authorize::AuthorizeUrl;
pub use config::{ClientAuthentication, OAuth2Builder, UnknownTokenType};
pub use endpoint::OAuth2;
pub use introspection::{Introspection, TokenKind};
pub use sign::{Pkce, State};
