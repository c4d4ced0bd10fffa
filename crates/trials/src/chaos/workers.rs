//! The processes: started, told what to do, listened to, killed, frozen.

mod process;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use self::process::{Received, WorkerProcess};
use super::protocol::{Assignment, FromWorker, Handed, ToWorker};
use super::worker_state::{HandedOut, Log, WorkerState};

/// All processes.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) processes: Vec<WorkerProcess>,
    pub(super) log: Log,
    /// All tokens handed out since they were last checked.
    pub(super) handed: Vec<HandedOut>,
    /// When each generation was acknowledged by the store, in microseconds of the machine's wall
    /// clock.
    pub(super) committed: Vec<(u64, i64)>,
    pub(super) adoptions: u64,
    /// Exchanges during which time was advanced by more than a token's lifetime: their tokens had
    /// already expired.
    pub(super) overtaken: u64,
    /// The process whose request was the last to be sent.
    pub(super) last_sender: Option<usize>,
    /// The number of the last question.
    pub(super) asks: u64,
    assignment: Assignment,
    outbox: mpsc::UnboundedSender<Received>,
    inbox: mpsc::UnboundedReceiver<Received>,
}

impl Workers {
    /// Starts this many processes and waits until all are ready.
    pub(super) async fn spawn(assignment: Assignment, processes: usize) -> Result<Self> {
        let (outbox, inbox) = mpsc::unbounded_channel();
        let start = |process| WorkerProcess::start(&assignment, process, 0, outbox.clone());
        let mut workers = Self {
            processes: (0..processes).map(start).collect::<Result<_>>()?,
            log: Log::begin(),
            handed: Vec::new(),
            committed: Vec::new(),
            adoptions: 0,
            overtaken: 0,
            last_sender: None,
            asks: 0,
            assignment,
            outbox,
            inbox,
        };
        workers.all_ready().await?;
        Ok(workers)
    }

    pub(super) async fn all_ready(&mut self) -> Result<()> {
        let ready = |workers: &Self| workers.all(|state| state.ready);
        ensure!(
            self.receive_until(Duration::from_secs(60), ready).await,
            "not every process opened its store:\n{}",
            self.log.text()
        );
        Ok(())
    }

    pub(super) fn all(&self, holds: impl Fn(&WorkerState) -> bool) -> bool {
        self.processes.iter().all(|worker| holds(&worker.state))
    }

    pub(super) fn state(&self, process: usize) -> Option<&WorkerState> {
        self.processes.get(process).map(|worker| &worker.state)
    }

    fn worker(&mut self, process: usize) -> Result<&mut WorkerProcess> {
        self.processes.get_mut(process).context("no such process")
    }

    /// Returns the process whose request is under way.
    pub(super) fn sender(&self) -> Option<usize> {
        self.processes
            .iter()
            .position(|worker| worker.state.sending)
    }

    /// Returns whether something is under way that the store does not know yet.
    pub(super) fn has_unsaved_token(&self) -> bool {
        self.processes
            .iter()
            .any(|worker| worker.state.has_unsaved_token())
    }

    /// Reads messages until `enough` holds or the time is over, and returns whether it holds.
    pub(super) async fn receive_until(
        &mut self,
        within: Duration,
        enough: impl Fn(&Self) -> bool,
    ) -> bool {
        let until = Instant::now() + within;
        while !enough(self) {
            match timeout_at(until, self.inbox.recv()).await {
                Ok(Some(received)) => self.note(received),
                _ => return enough(self),
            }
        }
        true
    }

    /// Reads messages until this holds for the state of one process or the time is over, and
    /// returns whether it holds.
    pub(super) async fn receive_from(
        &mut self,
        process: usize,
        within: Duration,
        holds: fn(&WorkerState) -> bool,
    ) -> bool {
        let enough = |workers: &Self| workers.state(process).is_some_and(holds);
        self.receive_until(within, enough).await
    }

    /// Reads messages for this long.
    pub(super) async fn receive_for(&mut self, time: Duration) {
        self.receive_until(time, |_| false).await;
    }

    fn note(&mut self, received: Received) {
        let process = received.process;
        let Some(worker) = self.processes.get_mut(process) else {
            return;
        };
        if worker.incarnation != received.incarnation {
            return;
        }
        let Some(message) = received.message else {
            worker.state.gone = true;
            return self.log.add(process, "is gone");
        };
        if worker.state.is_news(&message) {
            self.log.add(process, &format!("{message:?}"));
        }
        worker.killed |= matches!(message, FromWorker::Dying { .. });
        worker.state.note(&message, self.asks);
        let knew_of_logout = |handed: &Handed| worker.state.knew_of_logout(handed.number);
        match message {
            FromWorker::Sending => self.last_sender = Some(process),
            FromWorker::Committed { generation, at_us } => self.committed.push((generation, at_us)),
            FromWorker::Adopted { .. } => self.adoptions += 1,
            FromWorker::Overtaken => self.overtaken += 1,
            FromWorker::Handed(handed) => self.handed.push(HandedOut {
                process,
                knew_of_logout: knew_of_logout(&handed),
                handed,
            }),
            _ => {}
        }
    }

    /// Asks every process that is alive, runs, and has no open question.
    pub(super) async fn ask_all(&mut self) {
        self.ask_all_at(0, None).await;
    }

    /// Like `ask_all`, at this instant of the machine's wall clock in microseconds, on runtimes
    /// that may be dropped after `drop_after_us`.
    pub(super) async fn ask_all_at(&mut self, at_us: i64, drop_after_us: Option<u64>) {
        self.asks += 1;
        let message = ToWorker::Ask {
            number: self.asks,
            at_us,
            drop_after_us,
        };
        for worker in &mut self.processes {
            let open = worker.state.asked > worker.state.answered;
            if !worker.runs() || open {
                continue;
            }
            worker.state.asked = self.asks;
            worker.state.handed = None;
            worker.send(&message).await;
        }
    }

    pub(super) async fn send(&mut self, process: usize, message: &ToWorker) {
        if let Some(worker) = self.processes.get_mut(process) {
            worker.send(message).await;
        }
    }

    /// Logs the state of every process: what is known of it here, and what it reports itself if it
    /// still runs.
    pub(super) async fn describe(&mut self) {
        for (process, worker) in self.processes.iter_mut().enumerate() {
            self.log.add(process, &format!("{:?}", worker.state));
            worker.send(&ToWorker::Describe).await;
        }
        self.receive_for(Duration::from_secs(1)).await;
    }

    /// Forgets how earlier logouts and redemptions ended.
    pub(super) fn clear_endings(&mut self) {
        self.processes
            .iter_mut()
            .for_each(|worker| worker.state.clear_endings());
    }

    /// Tells all processes to die before this step of a write after their next answer; zero
    /// cancels.
    pub(super) async fn die_before(&mut self, step: u32) {
        for worker in &mut self.processes {
            worker.killed |= step > 0;
            worker.send(&ToWorker::DieBefore { step }).await;
        }
    }

    /// Kills a process without a chance to write anything down, and reads its last messages.
    pub(super) async fn kill(&mut self, process: usize) -> Result<()> {
        self.log.add(process, "SIGKILL");
        self.worker(process)?.signal(Signal::KILL)?;
        self.reap(process).await
    }

    /// Reads the last messages of a process that is dying.
    pub(super) async fn reap(&mut self, process: usize) -> Result<()> {
        let gone = |workers: &Self| workers.state(process).is_none_or(|state| state.gone);
        if !self.receive_until(Duration::from_secs(10), gone).await {
            bail!("process {process} does not die");
        }
        let worker = self.worker(process)?;
        worker.killed = true;
        worker.ended().await
    }

    /// Freezes a process.
    pub(super) fn stop(&mut self, process: usize) -> Result<()> {
        self.log.add(process, "SIGSTOP");
        let worker = self.worker(process)?;
        worker.stopped = true;
        worker.signal(Signal::STOP)
    }

    /// Resumes every stopped process.
    pub(super) fn resume_all(&mut self) -> Result<()> {
        for (process, worker) in self.processes.iter_mut().enumerate() {
            if std::mem::take(&mut worker.stopped) {
                self.log.add(process, "SIGCONT");
                worker.signal(Signal::CONT)?;
            }
        }
        Ok(())
    }

    /// Sends a signal to all running processes but this one.
    pub(super) fn signal_others(&self, process: usize, signal: Signal) -> Result<()> {
        let all = self.processes.iter().enumerate();
        let mut others = all.filter(|(other, worker)| *other != process && worker.runs());
        others.try_for_each(|(_, worker)| worker.signal(signal))
    }

    /// Fails if a process has ended that was not killed.
    pub(super) fn all_run(&self) -> Result<()> {
        let has_ended = |worker: &WorkerProcess| worker.state.gone && !worker.killed;
        match self.processes.iter().position(has_ended) {
            Some(process) => bail!("process {process} ended by itself"),
            None => Ok(()),
        }
    }

    /// Replaces each process that was killed by a new one.
    pub(super) async fn replace_dead(&mut self) -> Result<()> {
        self.all_run()?;
        for (process, worker) in self.processes.iter_mut().enumerate() {
            if worker.state.gone {
                let next = worker.incarnation + 1;
                let outbox = self.outbox.clone();
                *worker = WorkerProcess::start(&self.assignment, process, next, outbox)?;
            }
            worker.killed = false;
        }
        self.all_ready().await
    }

    /// Limits how many bytes a process may write into a file; `None` removes the limit.
    #[cfg(target_os = "linux")]
    pub(super) fn limit_files(&mut self, bytes: Option<u64>) -> Result<()> {
        let mut running = self.processes.iter().filter(|worker| !worker.state.gone);
        running.try_for_each(|worker| worker.limit_files(bytes))
    }
}
