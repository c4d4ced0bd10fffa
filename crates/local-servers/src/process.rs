//! One server process: started, watched, frozen, stopped by its id.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::error::ServerError;
use crate::reaper::Reaper;

/// How often a server is asked whether it is there, and whether it is gone: 1,500 times 20 ms for a
/// machine under load.
const TRIES: usize = 1_500;
const PAUSE: Duration = Duration::from_millis(20);
/// After so many looks a server that was asked to go is made to.
const PATIENCE: usize = 250;

/// What every server of this crate can be put through.
pub trait LocalServer {
    /// The process behind it.
    fn process(&mut self) -> &mut Process;

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill): the same port, the same
    /// folder.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where it does not come up; its log's end is in the text.
    fn start_again(&mut self) -> Result<(), ServerError>;

    /// Asks it to go in good order, and returns when it is gone.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the process cannot be signalled.
    fn stop(&mut self) -> Result<(), ServerError> {
        self.process().stop()
    }

    /// Ends it without a chance to write anything down (SIGKILL), its children too.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the process cannot be signalled.
    fn kill(&mut self) -> Result<(), ServerError> {
        self.process().kill()
    }

    /// Freezes it and its children (SIGSTOP): the kernel still takes connections for it, and nobody
    /// answers them.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the process cannot be signalled.
    fn pause(&mut self) -> Result<(), ServerError> {
        self.process().signal_all(Signal::STOP)
    }

    /// Lets it go on after [`pause`](Self::pause) (SIGCONT).
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the process cannot be signalled.
    fn resume(&mut self) -> Result<(), ServerError> {
        self.process().signal_all(Signal::CONT)
    }
}

/// A server's process and its temporary folder, which are both gone when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Option<Child>,
    farewell: Signal,
    folder: PathBuf,
    // After the child: the folder goes last.
    reaper: Reaper,
}

impl Process {
    /// A folder for a server that is not started yet, and the signal that it stops in good order
    /// by.
    pub(crate) fn prepare(name: &str, farewell: Signal) -> Result<Self, ServerError> {
        let folder = new_folder(name)?;
        let reaper = Reaper::of(&folder)?;
        Ok(Self {
            child: None,
            farewell,
            folder,
            reaper,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts the command and returns when `ready` says so of its process id.
    pub(crate) fn start(
        &mut self,
        command: &mut Command,
        ready: impl Fn(u32) -> bool,
    ) -> Result<(), ServerError> {
        self.spawn(command)?;
        for _ in 0..TRIES {
            let Some(id) = self.alive() else {
                return Err(ServerError::new(format!(
                    "the server ended at once: {}",
                    self.last_words()
                )));
            };
            if ready(id) {
                return Ok(());
            }
            sleep(PAUSE);
        }
        self.kill()?;
        Err(ServerError::new(format!(
            "the server does not answer: {}",
            self.last_words()
        )))
    }

    fn spawn(&mut self, command: &mut Command) -> Result<(), ServerError> {
        let name = command.get_program().to_string_lossy().into_owned();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(|error| ServerError::io("the server's log cannot be opened", &error))?;
        let errors = log
            .try_clone()
            .map_err(|error| ServerError::io("the server's log", &error))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .current_dir(&self.folder)
            .process_group(0)
            .spawn()
            .map_err(|error| ServerError::io(format!("`{name}` cannot be started"), &error))?;
        self.reaper.watch(Some(child.id()))?;
        self.child = Some(child);
        Ok(())
    }

    fn alive(&mut self) -> Option<u32> {
        let child = self.child.as_mut()?;
        match child.try_wait() {
            Ok(None) => Some(child.id()),
            _ => {
                self.child = None;
                None
            }
        }
    }

    pub(crate) fn stop(&mut self) -> Result<(), ServerError> {
        if self.alive().is_none() {
            return Ok(());
        }
        self.signal_all(Signal::CONT)?; // a frozen process hears no farewell
        self.signal(self.farewell)?;
        for _ in 0..PATIENCE {
            if self.alive().is_none() {
                return self.reaper.watch(None);
            }
            sleep(PAUSE);
        }
        self.kill()
    }

    pub(crate) fn kill(&mut self) -> Result<(), ServerError> {
        if self.alive().is_none() {
            return Ok(());
        }
        self.signal_all(Signal::STOP)?; // who is frozen starts no child between the list and the kill
        self.signal_all(Signal::KILL)?;
        if let Some(mut child) = self.child.take() {
            child
                .wait()
                .map_err(|error| ServerError::io("the server cannot be waited for", &error))?;
        }
        self.reaper.watch(None)
    }

    fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        let id = self
            .id()
            .ok_or_else(|| ServerError::new("the server does not run"))?;
        send(id, signal)
    }

    /// PostgreSQL's children leave its process group, so each is signalled by its own id.
    pub(crate) fn signal_all(&mut self, signal: Signal) -> Result<(), ServerError> {
        let id = self
            .alive()
            .ok_or_else(|| ServerError::new("the server does not run"))?;
        // Listed first: a parent that is gone has no children any more.
        let children = children_of(id);
        send(id, signal)?;
        for child in children {
            drop(send(child, signal)); // it may have ended by itself
        }
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The end of what it wrote, for an error's text.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.stop().is_err() {
            drop(self.kill());
        }
    }
}

fn send(id: u32, signal: Signal) -> Result<(), ServerError> {
    i32::try_from(id)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| ServerError::new("no such process id"))
        .and_then(|id| {
            kill_process(id, signal).map_err(|error| ServerError::io("no signal", &error.into()))
        })
}

/// From the kernel itself: a small machine has no `ps`.
#[cfg(target_os = "linux")]
fn children_of(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let stats =
        processes.filter_map(|process| fs::read_to_string(process.ok()?.path().join("stat")).ok());
    stats.filter_map(|stat| child_in(parent, &stat)).collect()
}

/// `id (name) state parent …`, where the name may hold anything.
#[cfg(target_os = "linux")]
fn child_in(parent: u32, stat: &str) -> Option<u32> {
    let id = stat.split_whitespace().next()?.parse().ok()?;
    let its_parent: u32 = stat
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()?;
    (its_parent == parent).then_some(id)
}

#[cfg(not(target_os = "linux"))]
fn children_of(parent: u32) -> Vec<u32> {
    let Ok(output) = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output() else {
        return Vec::new();
    };
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    table
        .lines()
        .filter_map(|line| child_of(parent, line))
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn child_of(parent: u32, line: &str) -> Option<u32> {
    let mut ids = line.split_whitespace().map(str::parse::<u32>);
    let (id, its_parent) = (ids.next()?.ok()?, ids.next()?.ok()?);
    (its_parent == parent).then_some(id)
}

fn new_folder(name: &str) -> Result<PathBuf, ServerError> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("{name}-{}-{count}", std::process::id()));
    let made = fs::create_dir(&folder)
        .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)))
        .and_then(|()| folder.canonicalize());
    made.map_err(|error| ServerError::io("a temporary folder cannot be made", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_is_told_by_the_kernel_whatever_its_name() {
        assert_eq!(child_in(7, "12 (a) b (c) S 7 12 12 0"), Some(12));
        assert_eq!(child_in(7, "7 (postgres) S 12 7 7 0"), None);
        assert_eq!(child_in(7, ""), None);
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        assert!(children_of(std::process::id()).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[cfg(not(target_os = "linux"))]
    #[test]
    fn a_table_of_processes_is_read_by_parent() {
        assert_eq!(child_of(7, "  12     7"), Some(12));
        assert_eq!(child_of(7, "  7     12"), None);
        assert_eq!(child_of(7, ""), None);
    }

    #[test]
    fn a_process_that_ends_at_once_says_its_last_words() {
        let mut process = Process::prepare("local-test", Signal::TERM).unwrap();
        let mut command = Command::new("/bin/sh");
        let error = process
            .start(command.args(["-c", "echo no luck; exit 1"]), |_| false)
            .unwrap_err();
        assert!(error.to_string().contains("no luck"), "{error}");
    }

    #[test]
    fn a_dropped_server_takes_its_folder_along() {
        let mut process = Process::prepare("local-test", Signal::TERM).unwrap();
        let mut command = Command::new("/bin/sh");
        process
            .start(command.args(["-c", "exec sleep 1000"]), |_| true)
            .unwrap();
        let folder = process.folder().to_owned();
        assert!(folder.is_dir());
        drop(process);
        assert!(!folder.exists());
    }
}
