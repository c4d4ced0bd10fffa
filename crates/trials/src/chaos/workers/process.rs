//! One process: started, told what to do, signalled.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::chaos::protocol::{Assignment, FromWorker, ToWorker};
use crate::chaos::worker_state::WorkerState;

/// One process.
#[derive(Debug)]
pub(in crate::chaos) struct WorkerProcess {
    pub(in crate::chaos) state: WorkerState,
    pub(in crate::chaos) stopped: bool,
    /// It is killed, or was told to kill itself.
    pub(super) killed: bool,
    pub(super) incarnation: u32,
    child: Child,
    stdin: ChildStdin,
}

/// What one process said.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) process: usize,
    pub(super) incarnation: u32,
    /// `None`: it will send no more messages.
    pub(super) message: Option<FromWorker>,
}

impl WorkerProcess {
    pub(super) fn start(
        assignment: &Assignment,
        process: usize,
        incarnation: u32,
        outbox: mpsc::UnboundedSender<Received>,
    ) -> Result<Self> {
        let assignment = Assignment {
            process,
            ..assignment.clone()
        };
        let mut child = command(&serde_json::to_string(&assignment)?)
            .spawn()
            .context("a process cannot be started")?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        tokio::spawn(listen(stdout, process, incarnation, outbox));
        Ok(Self {
            state: WorkerState::default(),
            stopped: false,
            killed: false,
            incarnation,
            child,
            stdin,
        })
    }

    /// Returns whether it can do anything just now.
    pub(super) fn runs(&self) -> bool {
        !self.stopped && !self.state.gone
    }

    /// Sends an instruction. A process that was killed meanwhile does not get it, which is
    /// intended.
    pub(super) async fn send(&mut self, message: &ToWorker) {
        let Ok(mut line) = serde_json::to_vec(message) else {
            return;
        };
        line.push(b'\n');
        _ = self.stdin.write_all(&line).await;
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.id()?, signal).context("a process cannot be signalled")
    }

    /// Limits how many bytes it may write into a file; `None` removes the limit.
    #[cfg(target_os = "linux")]
    pub(super) fn limit_files(&self, bytes: Option<u64>) -> Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(self.id()?), Resource::Fsize, limit).context("a disk cannot be filled")?;
        Ok(())
    }

    pub(super) async fn ended(&mut self) -> Result<()> {
        self.child.wait().await?;
        Ok(())
    }

    pub(super) fn id(&self) -> Result<Pid> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw).context("the process has ended")
    }
}

/// Returns this very program, even if another one was built in its place meanwhile. A write beyond
/// a limit must be an error and not a signal, which only a shell can arrange without unsafe code.
fn command(assignment: &str) -> Command {
    let program = match cfg!(target_os = "linux") {
        true => format!("/proc/{}/exe", std::process::id()).into(),
        false => std::env::current_exe().unwrap_or_default(),
    };
    let mut command = std::process::Command::new("/bin/sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["chaos-worker", assignment])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A Ctrl-C is for the orchestrator.
        .process_group(0);
    let mut command = Command::from(command);
    command.kill_on_drop(true);
    command
}

async fn listen(
    stdout: ChildStdout,
    process: usize,
    incarnation: u32,
    outbox: mpsc::UnboundedSender<Received>,
) {
    let mut lines = BufReader::new(stdout).lines();
    loop {
        let message = match lines.next_line().await {
            Ok(Some(line)) => match serde_json::from_str(&line) {
                Ok(message) => Some(message),
                Err(_) => continue,
            },
            _ => None,
        };
        let over = message.is_none();
        let received = Received {
            process,
            incarnation,
            message,
        };
        if outbox.send(received).is_err() || over {
            return;
        }
    }
}
