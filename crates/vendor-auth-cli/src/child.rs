//! A program that this one runs in its place: signals and the exit code are passed on.

use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};
#[cfg(unix)]
use tokio::signal::unix::SignalKind;

use crate::failure::Failure;
#[cfg(unix)]
use crate::signals::Signals;

/// The exit code of shells if a program is not found, and if it cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// Runs a program until it ends, and returns its exit code: 128 plus the number if a signal ended
/// it. `started` is called as soon as it runs.
pub(crate) async fn run(
    mut command: Command,
    started: impl FnOnce() + Send,
) -> Result<u8, Failure> {
    let program = command.as_std().get_program().to_owned();
    let failed = |error: io::Error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => NOT_FOUND,
            _ => NOT_RUN,
        };
        let program = program.display();
        Failure::with_code(code, format!("`{program}` cannot be run: {error}"))
    };
    // Before it runs, so that no signal ends only this program.
    let mut signals = listen().map_err(failed)?;
    let mut child = command.spawn().map_err(failed)?;
    drop(command);
    started();
    loop {
        tokio::select! {
            status = child.wait() => return status.map(code).map_err(failed),
            signal = signals.next() => pass_on(&child, signal),
        }
    }
}

#[cfg(unix)]
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status
        .code()
        .or_else(|| status.signal().map(|number| 128 + number));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> u8 {
    let code = status.code();
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Listens to the signals that are passed on.
#[cfg(unix)]
fn listen() -> io::Result<Signals> {
    Signals::listen(&[
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::quit(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
    ])
}

#[cfg(unix)]
fn pass_on(child: &Child, kind: SignalKind) {
    use rustix::process::{Pid, Signal, kill_process};
    let is_key = [SignalKind::interrupt(), SignalKind::quit()].contains(&kind);
    if is_key && is_in_the_foreground() {
        // The terminal has sent it to the child too.
        return;
    }
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let signal = Signal::from_named_raw(kind.as_raw_value());
    if let (Some(pid), Some(signal)) = (pid.and_then(Pid::from_raw), signal) {
        // It fails if the child has just ended.
        let _ = kill_process(pid, signal);
    }
}

/// Returns whether keys such as Ctrl-C reach this program and its children.
#[cfg(unix)]
fn is_in_the_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else {
        return false;
    };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Ctrl-C reaches the child as well.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same on Unix, where it can fail"
)]
fn listen() -> io::Result<Signals> {
    Ok(Signals)
}

#[cfg(not(unix))]
fn pass_on(_child: &Child, (): ()) {}
