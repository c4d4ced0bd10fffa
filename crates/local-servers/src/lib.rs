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
//! redis.pause()?; // answers nobody, refuses nobody
//! redis.resume()?;
//! redis.kill()?; // without a chance to write anything down
//! redis.start_again()?; // on the same port, with the same folder
//!
//! let postgres = Postgres::start()?;
//! let pooler = PgBouncer::start(&postgres)?;
//! println!("{} {}", postgres.url(), pooler.url());
//! # Ok(())
//! # }
//! ```
//!
//! Each server listens on a free loopback port, keeps everything in a temporary folder and is
//! stopped by its process id when it is dropped. A server whose test process dies without dropping
//! it (a `static`, a SIGKILL) is stopped too, and its folder removed.
//!
//! What is not installed is an error that says the one command to run; [`install::missing`] asks
//! beforehand.

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
mod unprivileged;

pub use certificate::Certificate;
pub use error::ServerError;
pub use pgbouncer::PgBouncer;
pub use postgres::{Postgres, PostgresOptions};
pub use process::{LocalServer, Process};
pub use redis::{Redis, RedisOptions};
