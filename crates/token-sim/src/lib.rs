#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access_tokens;
mod answer;
mod api_refusal;
mod call;
mod clock;
mod crypto;
mod enos;
mod fault;
mod grant_settings;
mod grants;
mod hold;
mod journal;
mod oauth2;
mod private_cloud;
mod proxy;
mod quectel_end_user;
mod quectel_saas;
mod rotation;
mod server;
mod simulation;
#[cfg(feature = "tls")]
mod tls;
mod vendor;

pub use answer::Answer;
pub use api_refusal::ApiRefusal;
pub use clock::SimClock;
pub use enos::{EnosServer, EnosServerBuilder, StatusSpelling};
pub use fault::{Echo, Fault, Oddity, RetryAfter, When};
pub use hold::Hold;
pub use journal::{Exchange, Journal, Kind, Outcome};
pub use oauth2::{
    ClientAuth, CodeRequest, InvalidGrant, LoginAnswer, OAuth2Server, OAuth2ServerBuilder, Product,
    RefreshTokenExpiry,
};
pub use private_cloud::{ErrorShape, PrivateCloudServer, PrivateCloudServerBuilder};
pub use proxy::{FaultProxy, FaultProxyBuilder};
pub use quectel_end_user::{AttemptsLeft, QuectelEndUserServer, QuectelEndUserServerBuilder};
pub use quectel_saas::{
    QuectelSaasServer, QuectelSaasServerBuilder, RefusedToken, RepeatedLifetime,
};
pub use rotation::{OldToken, Rotation, UnknownRotation};
pub use server::{Server, ServerBuilder};
pub use simulation::Simulation;
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use vendor::Issued;
