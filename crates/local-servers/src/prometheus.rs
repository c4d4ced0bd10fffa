//! A Prometheus server that scrapes one program.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::ServerError;
use crate::client;
use crate::install::find;
use crate::process::{LocalServer, Process, with_free_port};

/// A Prometheus server on a loopback port.
#[derive(Debug)]
pub struct Prometheus {
    process: Process,
    port: u16,
}

impl Prometheus {
    /// Starts a server that scrapes `/metrics` on this loopback port, this often.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not installed or does not start.
    pub fn scraping(port: u16, interval: Duration) -> Result<Self, ServerError> {
        find("prometheus")?;
        find("promtool")?;
        let configuration = configuration(port, interval);
        with_free_port(|port| {
            let process = Process::prepare("local-prometheus", Signal::TERM)?;
            fs::write(process.folder().join("prometheus.yml"), &configuration)
                .map_err(|error| ServerError::io("the configuration cannot be written", &error))?;
            let mut prometheus = Self { process, port };
            prometheus.boot()?;
            Ok(prometheus)
        })
    }

    /// Returns its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Evaluates a PromQL expression now by `promtool`, and returns the samples as it prints them,
    /// one a line: `{labels} => value @[time]`.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it does not answer, or the expression is wrong.
    pub fn query(&self, expression: &str) -> Result<Vec<String>, ServerError> {
        let samples = client::promql(self.port, expression)?;
        // For no sample it prints an empty line.
        let samples = samples.lines().filter(|line| !line.is_empty());
        Ok(samples.map(str::to_owned).collect())
    }

    fn boot(&mut self) -> Result<(), ServerError> {
        let mut command = Command::new(find("prometheus")?);
        let port = self.port;
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        self.process
            .start(&mut command, |_| client::promql(port, "vector(1)").is_ok())
    }
}

fn configuration(port: u16, interval: Duration) -> String {
    let interval = interval.as_millis();
    format!(
        "global:\n  scrape_interval: {interval}ms\n  scrape_timeout: {interval}ms\n\
         scrape_configs:\n  - job_name: program\n    static_configs:\n      \
         - targets: ['127.0.0.1:{port}']\n"
    )
}

impl LocalServer for Prometheus {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<(), ServerError> {
        self.boot()
    }
}
