//! Programs that commands run, and what their failures look like.

use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;

/// Returns `cargo` in the workspace.
pub(crate) fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    program(workspace, "cargo", arguments)
}

/// Returns any other program in the workspace.
pub(crate) fn program(workspace: &Workspace, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command
        .args(arguments)
        .current_dir(workspace.root())
        .stdin(Stdio::null());
    command
}

/// Runs a command with its output on the terminal.
///
/// # Errors
///
/// If it cannot be started or fails.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` failed");
    }
    Ok(())
}

/// Runs a command silently and returns its standard output.
///
/// # Errors
///
/// If it cannot be started or fails; the error contains its output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&finished(command)?.stdout).into_owned())
}

/// Runs a build silently. A warning fails it: `RUSTFLAGS` would do so too, but rebuild every
/// dependency.
///
/// # Errors
///
/// If it cannot be started, fails or warns; the error contains its output.
pub(crate) fn build_without_warning(command: &mut Command) -> Result<()> {
    let stderr = finished(command)?.stderr;
    let stderr = String::from_utf8_lossy(&stderr);
    if stderr.contains("warning: ") {
        bail!("`{}` warned:\n{stderr}", line_of(command));
    }
    Ok(())
}

fn finished(command: &mut Command) -> Result<Output> {
    let line = line_of(command);
    let output = command
        .output()
        .with_context(|| format!("`{line}` could not be started"))?;
    if !output.status.success() {
        let (stderr, stdout) = (
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout),
        );
        bail!("`{line}` failed:\n{stderr}{stdout}");
    }
    Ok(output)
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
