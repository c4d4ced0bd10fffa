//! The processes: started, told, heard, killed, frozen.

mod member;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use self::member::{Heard, Member};
use super::facts::Facts;
use super::log::Log;
use super::words::{Assignment, Handed, Said, Told};

/// All processes.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) members: Vec<Member>,
    pub(super) log: Log,
    /// All tokens handed out since the last look.
    pub(super) handed: Vec<HandedOut>,
    /// When each generation was acknowledged by the store, in microseconds of the machine's wall
    /// clock.
    pub(super) committed: Vec<(u64, i64)>,
    pub(super) adoptions: u64,
    /// Exchanges during which time was moved on by more than a token lives: what they brought was
    /// over already.
    pub(super) overtaken: u64,
    /// Whose request was the last to leave.
    pub(super) last_sender: Option<usize>,
    /// The number of the last question.
    pub(super) asks: u64,
    assignment: Assignment,
    speaker: mpsc::UnboundedSender<Heard>,
    inbox: mpsc::UnboundedReceiver<Heard>,
}

/// A token that a process handed out.
#[derive(Clone, Copy, Debug)]
pub(super) struct HandedOut {
    pub(super) process: usize,
    pub(super) handed: Handed,
    /// When it was asked for, the process knew already that the grant was logged out.
    pub(super) knew_of_logout: bool,
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
            asks: 0,
            assignment,
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
        Member::start(&assignment, incarnation, self.speaker.clone())
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

    pub(super) fn facts(&self, process: usize) -> Option<&Facts> {
        self.members.get(process).map(|member| &member.facts)
    }

    /// The process whose request is under way.
    pub(super) fn sender(&self) -> Option<usize> {
        self.members.iter().position(|member| member.facts.sending)
    }

    /// Something is under way that the store does not know yet.
    pub(super) fn has_something(&self) -> bool {
        self.members
            .iter()
            .any(|member| member.facts.has_something())
    }

    /// Hears what is said until `enough` holds, or for so long. Whether it holds.
    pub(super) async fn hear_until(
        &mut self,
        within: Duration,
        enough: impl Fn(&Self) -> bool,
    ) -> bool {
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
        member.killed |= matches!(said, Said::Dying { .. });
        member.facts.note(&said, self.asks);
        let knew_of_logout = |handed: &Handed| member.facts.knew_of_logout(handed.number);
        match said {
            Said::Sending => self.last_sender = Some(process),
            Said::Committed { generation, at_us } => self.committed.push((generation, at_us)),
            Said::Adopted { .. } => self.adoptions += 1,
            Said::Overtaken => self.overtaken += 1,
            Said::Handed(handed) => self.handed.push(HandedOut {
                process,
                knew_of_logout: knew_of_logout(&handed),
                handed,
            }),
            _ => {}
        }
    }

    /// Asks everyone who is there, runs, and has no question open.
    pub(super) async fn ask_all(&mut self) {
        self.ask_all_at(0, None).await;
    }

    /// The same, for this instant of the machine's wall clock in microseconds, on runtimes that may
    /// be dropped after so long.
    pub(super) async fn ask_all_at(&mut self, at_us: i64, drop_after_us: Option<u64>) {
        self.asks += 1;
        let told = Told::Ask {
            number: self.asks,
            at_us,
            drop_after_us,
        };
        for member in &mut self.members {
            let open = member.facts.asked > member.facts.answered;
            if !member.runs() || open {
                continue;
            }
            member.facts.asked = self.asks;
            member.facts.handed = None;
            member.tell(&told).await;
        }
    }

    pub(super) async fn tell(&mut self, process: usize, told: &Told) {
        if let Some(member) = self.members.get_mut(process) {
            member.tell(told).await;
        }
    }

    /// What came of earlier logouts and redemptions says nothing of the next.
    pub(super) fn forget_endings(&mut self) {
        self.members
            .iter_mut()
            .for_each(|member| member.facts.forget_endings());
    }

    /// Tells everyone to die before this step of a write after its next answer; zero calls it off.
    pub(super) async fn die_before(&mut self, step: u32) {
        for member in &mut self.members {
            member.killed |= step > 0;
            member.tell(&Told::DieBefore { step }).await;
        }
    }

    /// Kills it without a chance to write anything down, and hears its last words.
    pub(super) async fn kill(&mut self, process: usize) -> Result<()> {
        self.log.add(process, "SIGKILL");
        self.signal(process, Signal::KILL)?;
        self.bury(process).await
    }

    /// Hears the last words of one that dies.
    pub(super) async fn bury(&mut self, process: usize) -> Result<()> {
        let gone = |crew: &Self| crew.facts(process).is_none_or(|facts| facts.gone);
        if !self.hear_until(Duration::from_secs(10), gone).await {
            bail!("process {process} does not die");
        }
        if let Some(member) = self.members.get_mut(process) {
            member.killed = true;
            member.ended().await?;
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
            if self
                .members
                .get(process)
                .is_some_and(|member| member.stopped)
            {
                self.log.add(process, "SIGCONT");
                self.signal(process, Signal::CONT)?;
            }
        }
        self.members
            .iter_mut()
            .for_each(|member| member.stopped = false);
        Ok(())
    }

    /// Signals all who run but this one.
    pub(super) fn signal_others(&self, process: usize, signal: Signal) -> Result<()> {
        let mut all = self.members.iter().enumerate();
        all.try_for_each(|(other, member)| match other != process && member.runs() {
            true => member.signal(signal),
            false => Ok(()),
        })
    }

    /// Starts another process in the place of each that is gone. One that nobody killed is a
    /// failure.
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
        self.members
            .iter_mut()
            .for_each(|member| member.killed = false);
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
            prlimit(Some(member.id()?), Resource::Fsize, limit)
                .context("a disk cannot be filled")?;
        }
        Ok(())
    }

    fn signal(&self, process: usize, signal: Signal) -> Result<()> {
        self.members
            .get(process)
            .context("no such process")?
            .signal(signal)
    }
}
