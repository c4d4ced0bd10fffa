//! The server as a process: started, stopped, restarted, and ended with us in every case.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::install::{Launch, RefreshTokens, Setup};

/// In whole seconds, and long enough that a busy machine refreshes in time; see
/// [`caches`](super::caches).
pub(super) const ACCESS_LIFE: Duration = Duration::from_secs(4);

const LOG: &str = "server.log";
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(5);

/// The server, running unless it was stopped.
pub(super) struct Provider {
    launch: Launch,
    setup: Setup,
    ready: Ready,
    running: Option<Running>,
}

/// The server's ready line.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Ready {
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    pub(super) revocation_endpoint: String,
    pub(super) introspection_endpoint: String,
    pub(super) control: String,
    pub(super) clients: Vec<Client>,
}

/// A client that the server knows.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    pub(super) method: String,
}

impl Client {
    /// Returns a copy without the secret, as a user who forgot it would configure.
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
    /// The server ends when this closes, even if we are killed.
    leash: ChildStdin,
}

impl Provider {
    /// Starts a server without state, on a free port.
    pub(super) async fn start(launch: Launch, setup: Setup) -> Result<Self> {
        match fs::remove_file(launch.folder.join(launch.state)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("the state of an earlier run cannot be removed");
            }
            _ => {}
        }
        let (running, ready) = listen(&launch, setup, "0").await?;
        Ok(Self {
            launch,
            setup,
            ready,
            running: Some(running),
        })
    }

    /// Stops it. Its port refuses connections from here on.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let Some(Running { mut process, leash }) = self.running.take() else {
            bail!("the server is not running");
        };
        drop(leash);
        if timeout(STOP, process.wait()).await.is_err() {
            process.kill().await.context("the server cannot be ended")?;
        }
        Ok(())
    }

    /// Starts it again on the same port, with the state that it kept.
    pub(super) async fn start_again(&mut self) -> Result<()> {
        let port = self
            .ready
            .issuer
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        let (running, ready) = listen(&self.launch, self.setup, &port).await?;
        self.running = Some(running);
        self.ready = ready;
        Ok(())
    }

    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Returns a folder of this name, for a store, that does not exist yet.
    pub(super) fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.launch.folder.join(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("the store of an earlier run cannot be removed")
            }
            _ => Ok(folder),
        }
    }

    /// Returns what the server was told to do with refresh tokens.
    pub(super) fn refresh_tokens(&self) -> RefreshTokens {
        self.setup.refresh_tokens
    }

    /// Returns the client with this id.
    pub(super) fn client(&self, id: &str) -> Result<&Client> {
        self.ready.client_where(|client| client.id == id)
    }

    pub(super) fn client_where(&self, fits: impl Fn(&Client) -> bool) -> Result<&Client> {
        self.ready.client_where(fits)
    }
}

impl Ready {
    pub(super) fn client_where(&self, fits: impl Fn(&Client) -> bool) -> Result<&Client> {
        let mut clients = self.clients.iter();
        clients
            .find(|client| fits(client))
            .context("the server knows no such client")
    }
}

async fn listen(launch: &Launch, setup: Setup, port: &str) -> Result<(Running, Ready)> {
    let folder = &launch.folder;
    let log = File::create(folder.join(LOG)).context("the server's log cannot be written")?;
    let mut process = Command::new(&launch.program)
        .args([launch.script, "--port", port, "--state", launch.state])
        .args(setup.options())
        .args(["--access-ttl", &ACCESS_LIFE.as_secs().to_string()])
        .env("PYTHONDONTWRITEBYTECODE", "1")
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
