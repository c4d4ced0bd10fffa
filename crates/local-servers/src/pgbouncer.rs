//! PgBouncer in transaction mode, in front of a PostgreSQL.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::ServerError;
use crate::client;
use crate::install::find;
use crate::postgres::Postgres;
use crate::process::{LocalServer, Process, with_free_port};
use crate::unprivileged::Unprivileged;

/// A running `pgbouncer`. One server connection serves many clients, one transaction at a time, so
/// session state is lost between transactions.
#[derive(Debug)]
pub struct PgBouncer {
    process: Process,
    port: u16,
    user: Unprivileged,
    data: PathBuf,
}

impl PgBouncer {
    /// Starts it in transaction mode, with at most two connections to the server.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn start(postgres: &Postgres) -> Result<Self, ServerError> {
        find("pgbouncer")?;
        with_free_port(|port| {
            let process = Process::prepare("local-pgbouncer", Signal::INT)?;
            let user = postgres.user();
            user.own(process.folder())?;
            fs::write(
                process.folder().join("pgbouncer.ini"),
                configuration(port, postgres.port()),
            )
            .map_err(|error| ServerError::io("the configuration cannot be written", &error))?;
            let mut pooler = Self {
                process,
                port,
                user,
                data: postgres.data(),
            };
            pooler.boot()?;
            Ok(pooler)
        })
    }

    /// Returns its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns `postgres://postgres@127.0.0.1:<port>/postgres`, through the pooler.
    pub fn url(&self) -> String {
        client::postgres_url(self.port)
    }

    fn boot(&mut self) -> Result<(), ServerError> {
        let mut command = self.user.command(&find("pgbouncer")?);
        command.arg("pgbouncer.ini");
        let (port, data) = (self.port, self.data.clone());
        self.process
            .start(&mut command, |_| client::is_postgres_ready(port, &data))
    }
}

impl LocalServer for PgBouncer {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<(), ServerError> {
        self.boot()
    }
}

fn configuration(port: u16, server: u16) -> String {
    let database = format!("* = host=127.0.0.1 port={server} user=postgres");
    let own = format!("listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =");
    let pool =
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 200";
    format!("[databases]\n{database}\n\n[pgbouncer]\n{own}\n{pool}\n")
}
