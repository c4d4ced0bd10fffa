//! Redis: a single node, a replica, a sentinel, a cluster of one.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use crate::client;
use crate::install::find;
use crate::process::{LocalServer, Process, free_port, with_free_port};
use crate::{Certificate, ServerError};

/// A running `redis-server`.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
    tls_port: Option<u16>,
    options: RedisOptions,
}

impl Redis {
    /// Starts a server that keeps nothing on disk.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn start() -> Result<Self, ServerError> {
        Self::with().start()
    }

    /// Returns options to set before [`RedisOptions::start`].
    pub fn with() -> RedisOptions {
        RedisOptions::default()
    }

    /// Starts a sentinel with a quorum of one. It watches `primary` under `name`, and fails over
    /// after `down_after_ms` milliseconds.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn sentinel_of(
        primary: &Self,
        name: &str,
        down_after_ms: u32,
    ) -> Result<Self, ServerError> {
        let mut options = Self::with();
        options.sentinel = vec![
            format!("sentinel monitor {name} 127.0.0.1 {} 1", primary.port),
            format!("sentinel down-after-milliseconds {name} {down_after_ms}"),
            format!("sentinel failover-timeout {name} 3000"),
        ];
        if let Some(password) = &primary.options.password {
            options
                .sentinel
                .push(format!("sentinel auth-pass {name} {password}"));
        }
        options.start()
    }

    /// Returns its loopback port without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns `redis://127.0.0.1:<port>`, with the password if there is one.
    pub fn url(&self) -> String {
        match &self.options.password {
            Some(password) => format!("redis://:{password}@127.0.0.1:{}", self.port),
            None => format!("redis://127.0.0.1:{}", self.port),
        }
    }

    /// Returns `rediss://localhost:<port>` if it was started with a certificate.
    pub fn tls_url(&self) -> Option<String> {
        self.tls_port
            .map(|port| format!("rediss://localhost:{port}"))
    }

    /// Sends one command by `redis-cli` and returns what it printed.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it does not answer, or answers with an error.
    pub fn command(&self, words: &[&str]) -> Result<String, ServerError> {
        client::redis(self.port, self.options.password.as_deref(), words)
    }

    fn boot(&mut self) -> Result<(), ServerError> {
        let mut command = self.start_command()?;
        let (port, password) = (self.port, self.options.password.clone());
        self.process.start(&mut command, |id| {
            client::is_redis_ready(port, password.as_deref(), id)
        })?;
        if self.options.cluster {
            self.take_all_slots()?;
        }
        Ok(())
    }

    fn start_command(&self) -> Result<Command, ServerError> {
        let file = self.process.folder().join("redis.conf");
        if !file.exists() {
            fs::write(&file, self.configuration()?)
                .map_err(|error| ServerError::io("the configuration cannot be written", &error))?;
        }
        let mut command = Command::new(find("redis-server")?);
        command.arg(file);
        if !self.options.sentinel.is_empty() {
            command.arg("--sentinel");
        }
        Ok(command)
    }

    fn configuration(&self) -> Result<String, ServerError> {
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            format!("port {}", self.port),
            "dir .".to_owned(),
        ];
        if self.options.sentinel.is_empty() {
            lines.push("save \"\"".to_owned());
        }
        if let Some(password) = &self.options.password {
            lines.push(format!("requirepass {password}\nmasterauth {password}"));
        }
        for (name, value) in &self.options.settings {
            lines.push(format!("{name} {value}"));
        }
        lines.extend(self.options.sentinel.iter().cloned());
        if self.options.cluster {
            lines.push("cluster-enabled yes".to_owned());
        }
        lines.extend(self.tls_lines()?);
        Ok(lines.join("\n") + "\n")
    }

    fn tls_lines(&self) -> Result<Vec<String>, ServerError> {
        let (Some(port), Some(certificate)) = (self.tls_port, &self.options.certificate) else {
            return Ok(Vec::new());
        };
        let files = [
            ("chain.pem", &certificate.chain),
            ("key.pem", &certificate.key),
            ("authority.pem", &certificate.authority),
        ];
        for (name, text) in files {
            fs::write(self.process.folder().join(name), text)
                .map_err(|error| ServerError::io("a certificate cannot be written", &error))?;
        }
        Ok(vec![
            format!("tls-port {port}"),
            "tls-cert-file chain.pem".to_owned(),
            "tls-key-file key.pem".to_owned(),
            "tls-ca-cert-file authority.pem".to_owned(),
            "tls-auth-clients no".to_owned(),
        ])
    }

    fn take_all_slots(&self) -> Result<(), ServerError> {
        let info = || self.command(&["CLUSTER", "INFO"]);
        if !info()?.contains("cluster_slots_assigned:16384") {
            self.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])?;
        }
        for _ in 0..500 {
            if info()?.contains("cluster_state:ok") {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Err(ServerError::new(
            "the cluster of one node does not become ready",
        ))
    }
}

impl LocalServer for Redis {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<(), ServerError> {
        self.boot()
    }
}

/// Options of a [`Redis`].
#[derive(Clone, Default)]
pub struct RedisOptions {
    password: Option<String>,
    certificate: Option<Certificate>,
    settings: Vec<(String, String)>,
    sentinel: Vec<String>,
    cluster: bool,
}

impl RedisOptions {
    /// Requires this password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Sets `maxmemory` (`"64mb"`) and `maxmemory-policy` (`"allkeys-lru"`).
    #[must_use]
    pub fn max_memory(self, size: &str, policy: &str) -> Self {
        self.setting("maxmemory", size)
            .setting("maxmemory-policy", policy)
    }

    /// Sets `appendonly yes` and `appendfsync always`: every acknowledged write survives a kill.
    #[must_use]
    pub fn append_only(self) -> Self {
        self.setting("appendonly", "yes")
            .setting("appendfsync", "always")
    }

    /// Makes it a replica of `primary`.
    #[must_use]
    pub fn replica_of(mut self, primary: &Redis) -> Self {
        self.password.clone_from(&primary.options.password);
        self.setting("replicaof", &format!("127.0.0.1 {}", primary.port))
    }

    /// Listens on a second port with TLS. Client certificates are not required.
    #[must_use]
    pub fn tls(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Makes it a cluster of one node with all slots.
    #[must_use]
    pub fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// Sets any line of `redis.conf`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server, and returns when it answers.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn start(self) -> Result<Redis, ServerError> {
        find("redis-server")?;
        find("redis-cli")?;
        with_free_port(|port| {
            let tls_port = self.certificate.as_ref().map(|_| free_port()).transpose()?;
            let process = Process::prepare("local-redis", Signal::TERM)?;
            let mut redis = Redis {
                process,
                port,
                tls_port,
                options: self.clone(),
            };
            redis.boot()?;
            Ok(redis)
        })
    }
}

impl std::fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisOptions")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
