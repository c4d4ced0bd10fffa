//! The server as a process: started, stopped, started again, and gone with us whatever happens.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

/// In whole seconds, and long enough that a busy machine refreshes in time; see [`caches`](super::caches).
pub(super) const ACCESS_LIFE: Duration = Duration::from_secs(4);

const STATE: &str = "state.json";
const LOG: &str = "server.log";
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(5);

/// The server, running unless it was stopped.
pub(super) struct Provider {
    folder: PathBuf,
    ready: Ready,
    running: Option<Running>,
}

/// What the server says when it listens.
#[derive(Deserialize)]
pub(super) struct Ready {
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    pub(super) revocation_endpoint: String,
    pub(super) introspection_endpoint: String,
    pub(super) control: String,
    pub(super) clients: Vec<Client>,
}

/// A client that the server knows.
#[derive(Deserialize)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    pub(super) method: String,
}

impl Client {
    /// As it is described by somebody who forgot the secret.
    pub(super) fn without_secret(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            method: "none".to_owned(),
        }
    }
}

struct Running {
    process: Child,
    /// The server ends when this closes, also where we are killed.
    leash: ChildStdin,
}

impl Provider {
    /// A server with no memory, on a free port.
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        match fs::remove_file(folder.join(STATE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("the state of an earlier run cannot be removed");
            }
            _ => {}
        }
        let (running, ready) = listen(folder, "0").await?;
        Ok(Self {
            folder: folder.to_owned(),
            ready,
            running: Some(running),
        })
    }

    /// Stops it. Its port refuses connections from here on.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let Some(Running { mut process, leash }) = self.running.take() else {
            bail!("the server does not run");
        };
        drop(leash);
        if timeout(STOP, process.wait()).await.is_err() {
            process.kill().await.context("the server cannot be ended")?;
        }
        Ok(())
    }

    /// Starts it where it was, with what it remembers.
    pub(super) async fn start_again(&mut self) -> Result<()> {
        let port = self
            .ready
            .issuer
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        let (running, ready) = listen(&self.folder, &port).await?;
        self.running = Some(running);
        self.ready = ready;
        Ok(())
    }

    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The client of this id.
    pub(super) fn client(&self, id: &str) -> Result<&Client> {
        self.client_where(|client| client.id == id)
    }

    pub(super) fn client_where(&self, fits: impl Fn(&Client) -> bool) -> Result<&Client> {
        let mut clients = self.ready.clients.iter();
        clients
            .find(|client| fits(client))
            .context("the server knows no such client")
    }
}

async fn listen(folder: &Path, port: &str) -> Result<(Running, Ready)> {
    let log = File::create(folder.join(LOG)).context("the server's log cannot be written")?;
    let mut process = Command::new("node")
        .args(["server.mjs", "--port", port, "--state", STATE])
        .args(["--access-ttl", &ACCESS_LIFE.as_secs().to_string()])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("the server did not start")?;
    let leash = process.stdin.take().context("the server has no input")?;
    let output = process.stdout.take().context("the server has no output")?;
    let mut lines = BufReader::new(output).lines();
    let line = timeout(START, lines.next_line())
        .await
        .context("the server does not listen")??;
    let Some(line) = line else {
        let said = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
        bail!("the server ended at once:\n{said}");
    };
    let ready = serde_json::from_str(&line).context("the server's ready line cannot be read")?;
    Ok((Running { process, leash }, ready))
}
