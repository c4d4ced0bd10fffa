//! Mosquitto, an MQTT broker, with one user.

use std::fs;

use rustix::process::Signal;

use crate::ServerError;
use crate::client::output_of;
use crate::install::find;
use crate::process::{LocalServer, Process, with_free_port};
use crate::unprivileged::Unprivileged;

/// A running `mosquitto` that accepts one user with one password.
#[derive(Debug)]
pub struct Mosquitto {
    process: Process,
    port: u16,
    user: Unprivileged,
}

impl Mosquitto {
    /// Starts a broker that accepts this user with this password.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn start(username: &str, password: &str) -> Result<Self, ServerError> {
        find("mosquitto")?;
        let user = Unprivileged::find()?;
        with_free_port(|port| {
            let process = Process::prepare("local-mosquitto", Signal::TERM)?;
            user.own(process.folder())?;
            fs::write(process.folder().join("mosquitto.conf"), configuration(port))
                .map_err(|error| ServerError::io("the configuration cannot be written", &error))?;
            let mut broker = Self {
                process,
                port,
                user,
            };
            broker.write_password(username, password)?;
            broker.start_again()?;
            Ok(broker)
        })
    }

    /// Returns its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Accepts this password instead, and disconnects every client.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the broker does not start again.
    pub fn accept(&mut self, username: &str, password: &str) -> Result<(), ServerError> {
        self.stop()?;
        self.write_password(username, password)?;
        self.start_again()
    }

    fn write_password(&self, username: &str, password: &str) -> Result<(), ServerError> {
        let mut command = self.user.command(&find("mosquitto_passwd")?);
        command.current_dir(self.process.folder());
        output_of(command.args(["-c", "-b", "passwords", username, password])).map(drop)
    }
}

impl LocalServer for Mosquitto {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<(), ServerError> {
        let mut command = self.user.command(&find("mosquitto")?);
        command.args(["-c", "mosquitto.conf"]);
        self.process.start_until(&mut command, " running\n")
    }
}

fn configuration(port: u16) -> String {
    format!("listener {port} 127.0.0.1\nallow_anonymous false\npassword_file passwords\n")
}
