//! PostgreSQL: one cluster in a temporary folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{self, output_of};
use crate::install::find;
use crate::process::{LocalServer, Process, with_free_port};
use crate::unprivileged::Unprivileged;
use crate::{Certificate, ServerError};

/// How often a start is tried while processes of the killed predecessor still end, and the pause
/// between.
const ORPHANS_TRIES: usize = 20;
const ORPHANS_PAUSE: Duration = Duration::from_millis(100);

/// A running `postgres`. Superuser and database are `postgres`. Connections over loopback need no
/// password.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    user: Unprivileged,
    options: PostgresOptions,
}

impl Postgres {
    /// Creates a cluster and starts it.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn start() -> Result<Self, ServerError> {
        Self::with().start()
    }

    /// Returns options to set before [`PostgresOptions::start`].
    pub fn with() -> PostgresOptions {
        PostgresOptions::default()
    }

    /// Returns its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of its Unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.process.folder()
    }

    /// Returns `postgres://postgres@127.0.0.1:<port>/postgres`.
    pub fn url(&self) -> String {
        client::postgres_url(self.port)
    }

    /// Runs SQL by `psql` and returns what it printed, unaligned and without headings.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it does not answer, or answers with an error.
    pub fn sql(&self, sql: &str) -> Result<String, ServerError> {
        client::sql(self.port, sql)
    }

    pub(crate) fn user(&self) -> Unprivileged {
        self.user
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.process.folder().join("data")
    }

    fn initialise(&self) -> Result<(), ServerError> {
        self.user.own(self.process.folder())?;
        let mut initdb = self.user.command(&find("initdb")?);
        let options = "--auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync -D";
        initdb.args(options.split(' ')).arg(self.data());
        output_of(initdb.current_dir(self.process.folder()))?;
        self.write_certificate()
    }

    fn write_certificate(&self) -> Result<(), ServerError> {
        let Some(certificate) = &self.options.certificate else {
            return Ok(());
        };
        for (name, text) in [
            ("server.crt", &certificate.chain),
            ("server.key", &certificate.key),
        ] {
            let path = self.data().join(name);
            fs::write(&path, text)
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)))
                .map_err(|error| ServerError::io("a certificate cannot be written", &error))?;
            self.user.own(&path)?;
        }
        Ok(())
    }

    fn boot(&mut self) -> Result<(), ServerError> {
        let mut command = self.user.command(&find("postgres")?);
        command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.process.folder());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        // Tests kill processes, not the machine, so written data is safe without fsync.
        command.args(["-c", "fsync=off"]);
        if self.options.certificate.is_some() {
            command.args(["-c", "ssl=on"]);
        }
        for (name, value) in &self.options.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let (port, data) = (self.port, self.data());
        self.process
            .start(&mut command, |_| client::is_postgres_ready(port, &data))
    }
}

impl LocalServer for Postgres {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<(), ServerError> {
        // Children of a killed server may take a moment to end, and block a new start meanwhile.
        for _ in 0..ORPHANS_TRIES {
            if self.boot().is_ok() {
                return Ok(());
            }
            sleep(ORPHANS_PAUSE);
        }
        self.boot()
    }
}

/// Options of a [`Postgres`].
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    certificate: Option<Certificate>,
    settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// Offers TLS with this certificate.
    #[must_use]
    pub fn tls(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Sets any line of `postgresql.conf`. `fsync` is off by default.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Creates a cluster and starts it.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn start(self) -> Result<Postgres, ServerError> {
        for program in ["initdb", "postgres", "psql"] {
            find(program)?;
        }
        let user = Unprivileged::find()?;
        with_free_port(|port| {
            // A fast shutdown does not wait for clients to disconnect.
            let process = Process::prepare("local-postgres", Signal::INT)?;
            let mut postgres = Postgres {
                process,
                port,
                user,
                options: self.clone(),
            };
            postgres.initialise()?;
            postgres.boot()?;
            Ok(postgres)
        })
    }
}
