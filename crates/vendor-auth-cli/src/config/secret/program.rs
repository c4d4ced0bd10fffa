//! Secrets that a program prints.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use vendor_auth::Secret;

use super::{FORMS, first_line};
use crate::config::document::resolve;
use crate::text_file;

/// How long each program may take. It may ask a person, so there is no limit by default.
static LIMIT: OnceLock<Duration> = OnceLock::new();

/// Limits how long each program of this process may take from now on.
pub(crate) fn limit(within: Duration) {
    // A limit that is set already stays.
    _ = LIMIT.set(within);
}

/// Returns the first line that a program prints.
pub(super) fn printed(config: &Path, command: &[String]) -> Result<Secret, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(format!("the command is empty; {FORMS}"));
    };
    // Standard error stays the user's: that is where a password manager asks for its password.
    let mut child = Command::new(found(config, program))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    let within = LIMIT.get().copied().unwrap_or(Duration::MAX);
    let text = match output(&mut child, within) {
        Some(Ok(text)) => text,
        Some(Err(error)) => {
            end(&mut child);
            return Err(format!("the output of `{program}` cannot be read: {error}"));
        }
        None => {
            end(&mut child);
            return Err(format!(
                "`{program}` was ended after {} s; it may wait for a person: run it by hand",
                within.as_secs()
            ));
        }
    };
    let status = child.wait();
    let status = status.map_err(|error| format!("`{program}` failed: {error}"))?;
    match status.success() {
        true => Ok(first_line(&text)),
        false => Err(format!("`{program}` failed: {status}")),
    }
}

/// Returns a program as it is run: a name is looked up in `PATH`, and a path is one of the
/// configuration.
fn found(config: &Path, program: &str) -> PathBuf {
    let program = Path::new(program);
    match program.components().count() {
        1 => program.to_owned(),
        _ => resolve(config, program),
    }
}

/// Returns what it prints, or nothing if that takes longer.
fn output(child: &mut Child, within: Duration) -> Option<io::Result<String>> {
    let stdout = child.stdout.take()?;
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || drop(done.send(text_file::text_of(stdout))));
    waiting.recv_timeout(within).ok()
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    drop(child.kill());
    drop(child.wait());
}
