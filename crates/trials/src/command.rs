//! Other programs that a trial runs.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Returns a command that reads no input.
pub(crate) fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command silently and returns its standard output.
///
/// # Errors
///
/// If it cannot be started or fails; the error contains its output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("`{name}` could not be started"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!(
            "`{name}` failed:\n{}{stdout}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(stdout)
}

/// Returns whether a program starts and succeeds with these arguments.
pub(crate) fn is_there(name: &str, arguments: &[&str]) -> bool {
    read(&mut program(name, arguments)).is_ok()
}
