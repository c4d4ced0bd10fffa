//! The processes: started, told, heard, killed, frozen.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::facts::Facts;
use super::log::Log;
use super::words::{Assignment, Handed, Said, Told};

/// One process.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) facts: Facts,
    pub(super) stopped: bool,
    killed: bool,
    child: Child,
    stdin: ChildStdin,
    incarnation: u32,
}

/// All processes.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) members: Vec<Member>,
    pub(super) log: Log,
    /// All tokens handed out since the last look, and by which process.
    pub(super) handed: Vec<(usize, Handed)>,
    /// When each generation was acknowledged by the store, in microseconds of the machine's wall clock.
    pub(super) committed: Vec<(u64, i64)>,
    pub(super) adoptions: u64,
    /// Exchanges during which time was moved on by more than a token lives: what they brought was over already.
    pub(super) overtaken: u64,
    /// Whose request was the last to leave.
    pub(super) last_sender: Option<usize>,
    assignment: Assignment,
    asks: u64,
    speaker: mpsc::UnboundedSender<Heard>,
    inbox: mpsc::UnboundedReceiver<Heard>,
}

#[derive(Debug)]
struct Heard {
    process: usize,
    incarnation: u32,
    /// `None`: it will say nothing more.
    said: Option<Said>,
}

impl Crew {
    /// Starts so many processes and waits until all are ready.
    pub(super) async fn muster(assignment: Assignment, processes: usize) -> Result<Self> {
        let (speaker, inbox) = mpsc::unbounded_channel();
        let mut crew = Self {
            members: Vec::new(),
            log: Log::begin(),
            handed: Vec::new(),
            committed: Vec::new(),
            adoptions: 0,
            overtaken: 0,
            last_sender: None,
            assignment,
            asks: 0,
            speaker,
            inbox,
        };
        for process in 0..processes {
            let member = crew.start(process, 0)?;
            crew.members.push(member);
        }
        crew.all_ready().await?;
        Ok(crew)
    }

    fn start(&self, process: usize, incarnation: u32) -> Result<Member> {
        let assignment = Assignment {
            process,
            ..self.assignment.clone()
        };
        let mut child = command(&serde_json::to_string(&assignment)?)
            .spawn()
            .context("a process cannot be started")?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        tokio::spawn(listen(stdout, process, incarnation, self.speaker.clone()));
        Ok(Member {
            facts: Facts::default(),
            stopped: false,
            killed: false,
            child,
            stdin,
            incarnation,
        })
    }

    pub(super) async fn all_ready(&mut self) -> Result<()> {
        let patience = Duration::from_secs(60);
        if self
            .hear_until(patience, |crew| crew.all(|facts| facts.ready))
            .await
        {
            return Ok(());
        }
        bail!("not every process opens its store:\n{}", self.log.text())
    }

    pub(super) fn all(&self, holds: impl Fn(&Facts) -> bool) -> bool {
        self.members.iter().all(|member| holds(&member.facts))
    }

    /// The process whose request is under way.
    pub(super) fn sender(&self) -> Option<usize> {
        self.members.iter().position(|member| member.facts.sending)
    }

    /// Hears what is said until `enough` holds, or for so long. Whether it holds.
    pub(super) async fn hear_until(&mut self, within: Duration, enough: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + within;
        while !enough(self) {
            match timeout_at(until, self.inbox.recv()).await {
                Ok(Some(heard)) => self.note(heard),
                _ => return enough(self),
            }
        }
        true
    }

    /// Hears what is said for so long.
    pub(super) async fn hear_for(&mut self, time: Duration) {
        self.hear_until(time, |_| false).await;
    }

    fn note(&mut self, heard: Heard) {
        let process = heard.process;
        let Some(member) = self.members.get_mut(process) else {
            return;
        };
        if member.incarnation != heard.incarnation {
            return;
        }
        let Some(said) = heard.said else {
            member.facts.gone = true;
            return self.log.add(process, "is gone");
        };
        if member.facts.is_news(&said) {
            self.log.add(process, &format!("{said:?}"));
        }
        member.facts.note(&said);
        match said {
            Said::Sending => self.last_sender = Some(process),
            Said::Committed { generation, at_us } => self.committed.push((generation, at_us)),
            Said::Adopted { .. } => self.adoptions += 1,
            Said::Overtaken => self.overtaken += 1,
            Said::Handed(handed) => self.handed.push((process, handed)),
            _ => {}
        }
    }

    /// Asks everyone who is there, runs, and has no question open.
    pub(super) async fn ask_all(&mut self) {
        self.ask_all_at(0).await;
    }

    /// The same, for this instant of the machine's wall clock in microseconds.
    pub(super) async fn ask_all_at(&mut self, at_us: i64) {
        self.asks += 1;
        let number = self.asks;
        for process in 0..self.members.len() {
            let Some(member) = self.members.get_mut(process) else {
                continue;
            };
            let open = member.facts.asked > member.facts.answered;
            if member.stopped || member.facts.gone || open {
                continue;
            }
            member.facts.asked = number;
            member.facts.handed = None;
            self.tell(process, Told::Ask { number, at_us }).await;
        }
    }

    /// A process that was killed meanwhile hears nothing, which is as it should be.
    pub(super) async fn tell(&mut self, process: usize, told: Told) {
        let (Some(member), Ok(mut line)) = (self.members.get_mut(process), serde_json::to_vec(&told)) else {
            return;
        };
        line.push(b'\n');
        _ = member.stdin.write_all(&line).await;
    }

    /// Kills it without a chance to write anything down, and hears its last words.
    pub(super) async fn kill(&mut self, process: usize) -> Result<()> {
        self.log.add(process, "SIGKILL");
        self.signal(process, Signal::KILL)?;
        self.members
            .get_mut(process)
            .into_iter()
            .for_each(|member| member.killed = true);
        let gone = |crew: &Self| crew.members.get(process).is_none_or(|member| member.facts.gone);
        if !self.hear_until(Duration::from_secs(10), gone).await {
            bail!("process {process} does not die");
        }
        if let Some(member) = self.members.get_mut(process) {
            member.child.wait().await?;
        }
        Ok(())
    }

    /// Freezes it.
    pub(super) fn stop(&mut self, process: usize) -> Result<()> {
        self.log.add(process, "SIGSTOP");
        self.signal(process, Signal::STOP)?;
        self.members
            .get_mut(process)
            .into_iter()
            .for_each(|member| member.stopped = true);
        Ok(())
    }

    /// Lets everyone go on who is frozen.
    pub(super) fn resume_all(&mut self) -> Result<()> {
        for process in 0..self.members.len() {
            if self.members.get(process).is_some_and(|member| member.stopped) {
                self.log.add(process, "SIGCONT");
                self.signal(process, Signal::CONT)?;
            }
        }
        self.members.iter_mut().for_each(|member| member.stopped = false);
        Ok(())
    }

    /// Starts another process in the place of each that is gone. One that nobody killed is a failure.
    pub(super) async fn replace_the_dead(&mut self) -> Result<()> {
        for process in 0..self.members.len() {
            let Some(dead) = self.members.get(process).filter(|member| member.facts.gone) else {
                continue;
            };
            if !dead.killed {
                bail!("process {process} ended by itself");
            }
            let next = self.start(process, dead.incarnation + 1)?;
            if let Some(place) = self.members.get_mut(process) {
                *place = next;
            }
        }
        self.all_ready().await
    }

    /// Lets no process write more than this many bytes into a file; `None` takes the limit away.
    #[cfg(target_os = "linux")]
    pub(super) fn limit_files(&mut self, bytes: Option<u64>) -> Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        for member in self.members.iter().filter(|member| !member.facts.gone) {
            let limit = Rlimit {
                current: bytes,
                maximum: None,
            };
            prlimit(Some(id(&member.child)?), Resource::Fsize, limit).context("a disk cannot be filled")?;
        }
        Ok(())
    }

    fn signal(&self, process: usize, signal: Signal) -> Result<()> {
        let member = self.members.get(process).context("no such process")?;
        kill_process(id(&member.child)?, signal).context("a process cannot be signalled")
    }
}

fn id(child: &Child) -> Result<Pid> {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    id.and_then(Pid::from_raw).context("the process is over")
}

/// This very program, even where another has been built in its place meanwhile. A write beyond a limit is to be an error and no signal,
/// which only a shell can arrange without unsafe code.
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
    speaker: mpsc::UnboundedSender<Heard>,
) {
    let mut lines = BufReader::new(stdout).lines();
    loop {
        let said = match lines.next_line().await {
            Ok(Some(line)) => match serde_json::from_str(&line) {
                Ok(said) => Some(said),
                Err(_) => continue,
            },
            _ => None,
        };
        let over = said.is_none();
        let heard = Heard {
            process,
            incarnation,
            said,
        };
        if speaker.send(heard).is_err() || over {
            return;
        }
    }
}
