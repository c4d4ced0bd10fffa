//! NATS with one token.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use crate::ServerError;
use crate::install::find;
use crate::process::{LocalServer, Process, with_free_port};

/// A running `nats-server` that accepts one token.
#[derive(Debug)]
pub struct Nats {
    process: Process,
    port: u16,
}

impl Nats {
    /// Starts a server that accepts this token.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn start(token: &str) -> Result<Self, ServerError> {
        find("nats-server")?;
        with_free_port(|port| {
            let process = Process::prepare("local-nats", Signal::INT)?;
            let mut nats = Self { process, port };
            nats.write_configuration(token)?;
            nats.start_again()?;
            Ok(nats)
        })
    }

    /// Returns `nats://127.0.0.1:<port>`, without the token.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Accepts this token instead. The server disconnects each client that came with the old one.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the server does not run.
    pub fn accept(&mut self, token: &str) -> Result<(), ServerError> {
        self.write_configuration(token)?;
        self.process.signal_all(Signal::HUP)
    }

    fn write_configuration(&self, token: &str) -> Result<(), ServerError> {
        let listen = format!("listen: \"127.0.0.1:{}\"", self.port);
        let text = format!("{listen}\nauthorization {{ token: \"{token}\" }}\n");
        fs::write(self.process.folder().join("nats.conf"), text)
            .map_err(|error| ServerError::io("the configuration cannot be written", &error))
    }
}

impl LocalServer for Nats {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<(), ServerError> {
        let mut command = Command::new(find("nats-server")?);
        command.args(["-c", "nats.conf"]);
        self.process.start_until(&mut command, "Server is ready")
    }
}
