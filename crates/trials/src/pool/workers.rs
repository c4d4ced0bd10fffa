//! The processes: started, listened to, killed and started again.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::journal::Journal;
use super::protocol::{Assignment, Calls, Message, Report};
use super::vendor::now;

/// A message of this start of a process, and when its line was read.
type Received = (u32, Message, Instant);

/// All processes.
#[derive(Debug)]
pub(super) struct Workers {
    processes: Vec<Worker>,
    assignment: Assignment,
    /// When each start that was killed had ended.
    pub(super) killed: BTreeMap<u32, Instant>,
    pub(super) journal: Journal,
    pub(super) seen: Seen,
    /// Those that read the pipes, until nothing more is in them.
    listening: JoinSet<()>,
    outbox: mpsc::UnboundedSender<Received>,
    inbox: mpsc::UnboundedReceiver<Received>,
}

/// What all reports said.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) calls: Calls,
    pub(super) most_in_memory: usize,
    pub(super) most_at_work: usize,
    pub(super) most_failing: usize,
    /// The most in memory beyond the limit that were neither at work nor had just failed.
    pub(super) most_beyond_limit: usize,
    /// Evictions of the processes that have not been killed.
    pub(super) evicted: BTreeMap<u32, u64>,
    /// The latest report of each start, for people to read.
    pub(super) latest: BTreeMap<u32, String>,
    /// Accounts of which callers were told that somebody must log in again, and when.
    pub(super) logins_needed: Vec<(usize, Instant)>,
    /// Those that ended with nothing under way.
    pub(super) drained: BTreeSet<u32>,
}

#[derive(Debug)]
struct Worker {
    incarnation: u32,
    child: Child,
}

impl Workers {
    pub(super) fn start(assignment: Assignment, processes: usize) -> Result<Self> {
        let (outbox, inbox) = mpsc::unbounded_channel();
        let mut workers = Self {
            processes: Vec::new(),
            journal: Journal::new(assignment.accounts),
            assignment,
            killed: BTreeMap::new(),
            listening: JoinSet::new(),
            seen: Seen::default(),
            outbox,
            inbox,
        };
        for _ in 0..processes {
            let worker = workers.spawn()?;
            workers.processes.push(worker);
        }
        Ok(workers)
    }

    pub(super) fn count(&self) -> usize {
        self.processes.len()
    }

    fn spawn(&mut self) -> Result<Worker> {
        // The orchestrator is the first.
        self.assignment.incarnation += 1;
        let incarnation = self.assignment.incarnation;
        let mut child = command(&serde_json::to_string(&self.assignment)?)
            .spawn()
            .context("a process cannot be started")?;
        let stdout = child.stdout.take().context("no standard output")?;
        self.listening
            .spawn(listen(stdout, incarnation, self.outbox.clone()));
        Ok(Worker { incarnation, child })
    }

    /// Kills a process without a chance to write anything down, and starts it again.
    pub(super) async fn replace(&mut self, process: usize) -> Result<()> {
        let next = self.spawn()?;
        let worker = self.processes.get_mut(process);
        let mut worker = std::mem::replace(worker.context("no such process")?, next);
        ensure!(
            worker.child.try_wait()?.is_none(),
            "process {process} ended by itself"
        );
        worker.child.start_kill()?;
        worker.child.wait().await?;
        self.killed.insert(worker.incarnation, now());
        Ok(())
    }

    /// Reads messages for this long.
    pub(super) async fn listen_for(&mut self, time: Duration) {
        let listening = async {
            while let Some(received) = self.inbox.recv().await {
                self.note(received);
            }
        };
        _ = timeout(time, listening).await;
    }

    /// Reads everything that the processes have sent before their ends.
    async fn listen_to_the_end(&mut self) {
        while self.listening.join_next().await.is_some() {}
        while let Ok(received) = self.inbox.try_recv() {
            self.note(received);
        }
    }

    fn note(&mut self, (by, message, read_at): Received) {
        match message {
            Message::Step(step) => self.journal.note(by, step, read_at),
            Message::LoginNeeded(account) => self.seen.logins_needed.push((account, read_at)),
            Message::Health(report) => {
                self.journal.beat(by);
                self.seen.note(by, report, self.assignment.in_memory);
            }
        }
    }

    /// Returns how each process is, for people to read.
    pub(super) fn line(&self) -> String {
        let latest = self.processes.iter().map(|worker| {
            let latest = self.seen.latest.get(&worker.incarnation);
            latest.map_or("starts", String::as_str)
        });
        latest.collect::<Vec<_>>().join(" | ")
    }

    /// Lets all processes end in good order.
    pub(super) async fn end(&mut self) -> Result<()> {
        for worker in &mut self.processes {
            drop(worker.child.stdin.take());
        }
        for worker in &mut self.processes {
            let ended = timeout(Duration::from_secs(60), worker.child.wait()).await;
            let status = ended.context("a process does not end")??;
            ensure!(status.success(), "a process failed");
        }
        self.listen_to_the_end().await;
        Ok(())
    }

    /// Returns how many ended with something under way. That excuses nothing.
    pub(super) fn unsettled(&self) -> usize {
        let ended = self.processes.iter();
        ended
            .filter(|worker| !self.seen.drained.contains(&worker.incarnation))
            .count()
    }
}

impl Seen {
    fn note(&mut self, incarnation: u32, report: Report, limit: usize) {
        self.latest.insert(incarnation, report.line());
        if report.is_drained {
            self.drained.insert(incarnation);
        }
        // Those stay whatever the limit is.
        let may_stay = report.at_work + report.failing;
        let beyond = report.in_memory.saturating_sub(limit + may_stay);
        self.most_beyond_limit = self.most_beyond_limit.max(beyond);
        self.most_in_memory = self.most_in_memory.max(report.in_memory);
        self.most_at_work = self.most_at_work.max(report.at_work);
        self.most_failing = self.most_failing.max(report.failing);
        self.evicted.insert(incarnation, report.evicted);
        self.calls.add(report.calls);
    }
}

/// Returns this very program, even if another one was built in its place meanwhile.
fn command(assignment: &str) -> Command {
    let program = match cfg!(target_os = "linux") {
        true => format!("/proc/{}/exe", std::process::id()).into(),
        false => std::env::current_exe().unwrap_or_default(),
    };
    let mut command = Command::new(program);
    command
        .args(["pool-worker", assignment])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A Ctrl-C is for the orchestrator.
        .process_group(0)
        .kill_on_drop(true);
    command
}

async fn listen(stdout: ChildStdout, incarnation: u32, outbox: mpsc::UnboundedSender<Received>) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let read_at = now();
        let Ok(message) = serde_json::from_str(&line) else {
            continue;
        };
        if outbox.send((incarnation, message, read_at)).is_err() {
            return;
        }
    }
}
