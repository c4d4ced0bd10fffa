//! Real servers for tests, started from the machine's packages.
//!
//! ```no_run
//! use local_servers::{LocalServer, PgBouncer, Postgres, Redis};
//!
//! # fn main() -> Result<(), local_servers::ServerError> {
//! let mut redis = Redis::with().append_only().start()?;
//! let replica = Redis::with().replica_of(&redis).start()?;
//! println!("{} {}", redis.url(), replica.port());
//!
//! redis.pause()?; // accepts connections and answers none
//! redis.resume()?;
//! redis.kill()?; // SIGKILL
//! redis.start_again()?; // on the same port, with the same folder
//!
//! let postgres = Postgres::start()?;
//! let pooler = PgBouncer::start(&postgres)?;
//! println!("{} {}", postgres.url(), pooler.url());
//! # Ok(())
//! # }
//! ```
//!
//! Each server listens on a free loopback port, keeps its files in a temporary folder, and is
//! stopped by its process id when it is dropped. If the test process ends without dropping it (a
//! `static`, a SIGKILL), the server is stopped too and its folder removed.
//!
//! If a server is not installed, the error names the command that installs it.
//! [`install::missing`] tells beforehand.

mod client;
pub mod install;
mod log;
mod mosquitto;
mod nats;
mod pgbouncer;
mod postgres;
mod process;
mod prometheus;
mod reaper;
mod redis;
mod signal;
mod tmux;
mod unprivileged;

use std::fmt;

pub use mosquitto::Mosquitto;
pub use nats::Nats;
pub use pgbouncer::PgBouncer;
pub use postgres::{Postgres, PostgresOptions};
pub use process::{LocalServer, Process};
pub use prometheus::Prometheus;
pub use redis::{Redis, RedisOptions};
pub use tmux::Tmux;

/// A server could not be started, asked or signalled. The text says why, and which command installs
/// a missing package.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ServerError(String);

impl ServerError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self(format!("{what}: {error}"))
    }
}

/// A certificate chain, its key and the authority that signed it, each as PEM text.
#[derive(Clone)]
pub struct Certificate {
    /// The server's certificate, and those between it and the authority.
    pub chain: String,
    /// The server's private key.
    pub key: String,
    /// The authority's certificate.
    pub authority: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(…)")
    }
}
