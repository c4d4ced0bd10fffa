#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod call;
mod clock;
mod crypto;
mod enos_apim;
mod fault;
mod grants;
mod hold;
mod issued;
mod journal;
mod lock;
mod oauth2;
mod private_cloud;
mod proxy;
mod quectel_end_user;
mod quectel_saas;
mod random;
mod redirect;
mod rotation;
mod simulation;
#[cfg(feature = "tls")]
mod tls;
mod vendor;

pub use answer::Answer;
pub use clock::SimClock;
pub use enos_apim::{EnosApim, EnosApimBuilder, StatusSpelling};
pub use fault::{Echo, Fault, Oddity, RetryAfter, When};
pub use hold::Hold;
pub use issued::Issued;
pub use journal::{Exchange, Journal, Kind, Outcome};
pub use oauth2::{
    ClientAuth, CodeRequest, DeadGrant, Flavour, LoginAnswer, OAuth2, OAuth2Builder,
    RefreshTokenEnd,
};
pub use private_cloud::{ErrorShape, PrivateCloud, PrivateCloudBuilder};
pub use proxy::{FaultProxy, FaultProxyBuilder};
pub use quectel_end_user::{AttemptsTold, QuectelEndUser, QuectelEndUserBuilder};
pub use quectel_saas::{QuectelSaas, QuectelSaasBuilder, RepeatedLife};
pub use rotation::{OldToken, Rotation, UnknownRotation};
pub use simulation::Simulation;
#[cfg(feature = "tls")]
pub use tls::Tls;
