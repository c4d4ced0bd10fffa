//! API requests with the token of a `TokenCache`, sent by reqwest.

mod call;
mod client;
mod execute;
mod hand_on;
mod kept;
#[cfg(feature = "middleware")]
mod middleware;

pub use client::{ApiClient, ApiSender};
pub use execute::{Execute, ExecuteError};
#[cfg(feature = "middleware")]
pub use middleware::{TokenMiddleware, client};
