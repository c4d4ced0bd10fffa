//! One server process: started, watched, paused, and stopped by its process id.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::ServerError;
use crate::reaper::Reaper;
use crate::signal::{children_of, send};

/// How often [`POLL_INTERVAL`] passes before a start fails: 30 seconds, for a machine under load.
pub(crate) const START_POLLS: usize = 1_500;
/// How often [`POLL_INTERVAL`] passes before a server that was asked to stop is killed: 5 seconds.
const STOP_POLLS: usize = 250;
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How many ports are tried before a start gives up: another program may take a port between here
/// and the server's own bind.
const PORTS: usize = 5;

/// What tests do to a server of this crate.
pub trait LocalServer {
    /// Returns the process behind it.
    fn process(&mut self) -> &mut Process;

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), on the same port and
    /// with the same folder.
    ///
    /// # Errors
    ///
    /// [`ServerError`] with the end of the server's log if it does not start.
    fn start_again(&mut self) -> Result<(), ServerError>;

    /// Stops it gracefully, and returns when it has ended. Kills it after 5 seconds.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the process cannot be signalled.
    fn stop(&mut self) -> Result<(), ServerError> {
        self.process().stop()
    }

    /// Kills it and its children (SIGKILL): it cannot write anything any more.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the process cannot be signalled.
    fn kill(&mut self) -> Result<(), ServerError> {
        self.process().kill()
    }

    /// Pauses it and its children (SIGSTOP). The kernel still accepts connections for it, but
    /// nobody answers them.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the process cannot be signalled.
    fn pause(&mut self) -> Result<(), ServerError> {
        self.process().signal_all(Signal::STOP)
    }

    /// Resumes it after [`pause`](Self::pause) (SIGCONT).
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the process cannot be signalled.
    fn resume(&mut self) -> Result<(), ServerError> {
        self.process().signal_all(Signal::CONT)
    }
}

/// A server's process and its temporary folder. Dropping it stops the one and removes the other.
#[derive(Debug)]
pub struct Process {
    child: Option<Child>,
    stop_signal: Signal,
    folder: PathBuf,
    // After the child: the folder goes last.
    reaper: Reaper,
}

impl Process {
    /// Makes a folder for a server that is not started yet. `stop_signal` stops it gracefully.
    pub(crate) fn prepare(name: &str, stop_signal: Signal) -> Result<Self, ServerError> {
        let folder = new_folder(name)?;
        let reaper = Reaper::of(&folder)?;
        Ok(Self {
            child: None,
            stop_signal,
            folder,
            reaper,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the process id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts the command, and returns when `ready` is true for its process id.
    pub(crate) fn start(
        &mut self,
        command: &mut Command,
        ready: impl Fn(u32) -> bool,
    ) -> Result<(), ServerError> {
        self.spawn(command)?;
        for _ in 0..START_POLLS {
            let Some(id) = self.alive() else {
                return Err(self.failed("ended at once"));
            };
            if ready(id) {
                return Ok(());
            }
            sleep(POLL_INTERVAL);
        }
        self.kill()?;
        Err(self.failed("does not answer"))
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
        let Some(id) = self.alive() else {
            return Ok(());
        };
        self.signal_all(Signal::CONT)?; // a paused process handles no signal
        send(id, self.stop_signal)?;
        for _ in 0..STOP_POLLS {
            if self.alive().is_none() {
                return self.reaper.watch(None);
            }
            sleep(POLL_INTERVAL);
        }
        self.kill()
    }

    pub(crate) fn kill(&mut self) -> Result<(), ServerError> {
        if self.alive().is_none() {
            return Ok(());
        }
        self.signal_all(Signal::STOP)?; // a paused process starts no child meanwhile
        self.signal_all(Signal::KILL)?;
        if let Some(mut child) = self.child.take() {
            child
                .wait()
                .map_err(|error| ServerError::io("the server cannot be waited for", &error))?;
        }
        self.reaper.watch(None)
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

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Returns an error with the last lines of its log.
    fn failed(&self, how: &str) -> ServerError {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let (_, tail) = lines.split_at(lines.len().saturating_sub(8));
        ServerError::new(format!("the server {how}: {}", tail.join(" | ")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.stop().is_err() {
            drop(self.kill());
        }
    }
}

/// Returns a port that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16, ServerError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| ServerError::io("no free loopback port", &error))
}

/// Starts a server on a free port, and tries another port if that one was taken meanwhile.
pub(crate) fn with_free_port<T>(
    mut start: impl FnMut(u16) -> Result<T, ServerError>,
) -> Result<T, ServerError> {
    let mut last = ServerError::new("no port was tried");
    for _ in 0..PORTS {
        match start(free_port()?) {
            Ok(started) => return Ok(started),
            Err(error) => last = error,
        }
    }
    Err(last)
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

    #[test]
    fn a_process_that_ends_at_once_shows_the_end_of_its_log() {
        let mut process = Process::prepare("local-test", Signal::TERM).unwrap();
        let mut command = Command::new("/bin/sh");
        let error = process
            .start(command.args(["-c", "echo no luck; exit 1"]), |_| false)
            .unwrap_err();
        assert!(error.to_string().contains("no luck"), "{error}");
    }

    #[test]
    fn a_dropped_server_removes_its_folder() {
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
