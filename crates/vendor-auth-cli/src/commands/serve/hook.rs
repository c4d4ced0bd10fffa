//! The command that is run for each new token.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vendor_auth::Token;

use crate::failure::{Failure, say};

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
    timeout: Duration,
}

impl Hook {
    /// A command that may run this long.
    pub(super) fn new(command: String, timeout: Duration) -> Self {
        Self { command, timeout }
    }

    /// Runs the command, and waits for its end. Its output goes to standard error. What it started
    /// ends with it if it takes too long, or if nobody waits for it any more.
    pub(super) async fn run(&self, profile: &str, token: &Token) -> Result<(), Failure> {
        let failed = |why: String| Failure::store(format!("{profile}: --on-refresh {why}"));
        let mut child = self
            .prepare(profile, token)
            .spawn()
            .map_err(|error| failed(format!("did not start: {error}")))?;
        let group = Group::of(child.id());
        let Ok(ended) = tokio::time::timeout(self.timeout, child.wait()).await else {
            drop(group);
            drop(child.kill().await);
            let seconds = self.timeout.as_secs();
            return Err(failed(format!("was ended after {seconds} s")));
        };
        group.keep();
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(format!("failed: {status}"))),
            Err(error) => Err(failed(format!("was lost: {error}"))),
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

/// The processes of a hook, which are killed when this is dropped.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(child: Option<u32>) -> Self {
        let id = child.and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    /// Leaves alone what the hook has started and not waited for.
    fn keep(mut self) {
        self.leader = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // It may have ended by itself.
            let _ended = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    fn of(_child: Option<u32>) -> Self {
        Self {}
    }

    fn keep(self) {}
}

/// Runs a hook for one token after the other. If it still runs when others come, it is run for the
/// newest of them next.
pub(super) struct HookRuns {
    newest: watch::Sender<Option<Token>>,
    runs: JoinHandle<()>,
}

impl HookRuns {
    pub(super) fn start(hook: Hook, profile: String) -> Self {
        let (newest, mut tokens) = watch::channel(None);
        let runs = tokio::spawn(async move {
            while tokens.changed().await.is_ok() {
                let token: Option<Token> = tokens.borrow_and_update().clone();
                if let Some(token) = token
                    && let Err(failure) = hook.run(&profile, &token).await
                {
                    say(&failure.to_string());
                }
            }
        });
        Self { newest, runs }
    }

    /// Runs the hook for this token next.
    pub(super) fn run_for(&self, token: &Token) {
        self.newest.send_replace(Some(token.clone()));
    }

    /// Waits, at most this long, until the hook has run for the newest token.
    pub(super) async fn end(self, within: Duration) {
        let Self { newest, mut runs } = self;
        drop(newest);
        if tokio::time::timeout(within, &mut runs).await.is_err() {
            runs.abort();
            drop(runs.await);
        }
    }
}
