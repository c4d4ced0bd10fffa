//! The command that is run for each new token.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use vendor_auth::Token;

use crate::failure::Failure;

/// How long a hook may run.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What a hook gets of this program's environment: the configuration's secrets may be in others.
const PASSED_ON: [&str; 14] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SHELL",
    "SYSTEMROOT",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// A shell command.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    command: String,
}

impl Hook {
    pub(super) fn new(command: String) -> Self {
        Self { command }
    }

    /// Runs the command, and waits for its end. Its output goes to standard error.
    pub(super) async fn run(&self, profile: &str, token: &Token) -> Result<(), Failure> {
        let failed = |why: String| Failure::store(format!("{profile}: --on-refresh {why}"));
        let mut child = self
            .prepare(profile, token)
            .spawn()
            .map_err(|error| failed(format!("did not start: {error}")))?;
        match tokio::time::timeout(TIMEOUT, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed(format!("failed: {status}"))),
            Ok(Err(error)) => Err(failed(format!("was lost: {error}"))),
            Err(_) => {
                kill(&mut child).await;
                Err(failed(format!("was ended after {} s", TIMEOUT.as_secs())))
            }
        }
    }

    fn prepare(&self, profile: &str, token: &Token) -> Command {
        let mut command = shell(&self.command);
        let passed_on = PASSED_ON.into_iter();
        let passed_on = passed_on.filter_map(|name| Some((name, std::env::var_os(name)?)));
        command
            .env_clear()
            .envs(passed_on.collect::<Vec<(&str, OsString)>>())
            .env("VENDOR_AUTH_PROFILE", profile)
            .env(
                "VENDOR_AUTH_GENERATION",
                token.generation().number().to_string(),
            )
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .kill_on_drop(true);
        if let Some(end) = token.validity().ends() {
            command.env("VENDOR_AUTH_EXPIRES_AT", end.to_string());
        }
        command
    }
}

#[cfg(unix)]
fn shell(text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text]).process_group(0);
    command
}

#[cfg(not(unix))]
fn shell(text: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", text]);
    command
}

/// Ends a hook that takes too long, with what it started.
async fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok())
        && let Some(group) = rustix::process::Pid::from_raw(id)
    {
        // It may have ended by itself.
        let _ended = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    drop(child.kill().await);
}
