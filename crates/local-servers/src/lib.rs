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

mod certificate;
mod error;
pub mod install;
mod pgbouncer;
mod port;
mod postgres;
mod process;
mod reaper;
mod redis;
mod redis_cli;
mod signal;
mod unprivileged;

pub use certificate::Certificate;
pub use error::ServerError;
pub use pgbouncer::PgBouncer;
pub use postgres::{Postgres, PostgresOptions};
pub use process::{LocalServer, Process};
pub use redis::{Redis, RedisOptions};
