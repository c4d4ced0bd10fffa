//! API requests with the token of a `TokenCache`, sent by reqwest.

mod call;
mod client;
mod execute;
mod hand_on;
#[cfg(all(feature = "middleware", feature = "rustls"))]
mod into_client;
mod kept;
#[cfg(feature = "middleware")]
mod middleware;

pub use call::ExecuteError;
pub use client::{ApiClient, ApiSender};
pub use execute::Execute;
#[cfg(all(feature = "middleware", feature = "rustls"))]
pub use into_client::{IntoClient, builder};
#[cfg(feature = "middleware")]
pub use middleware::{TokenMiddleware, client};
