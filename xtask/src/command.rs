//! Programs that are run, and what is said when they fail.

use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;

/// `cargo` in the workspace.
pub(crate) fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    program(workspace, "cargo", arguments)
}

/// Any other program in the workspace.
pub(crate) fn program(workspace: &Workspace, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command
        .args(arguments)
        .current_dir(workspace.root())
        .stdin(Stdio::null());
    command
}

/// Runs it with its output on the terminal.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let line = written(command);
    println!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("`{line}` did not start"))?;
    if !status.success() {
        bail!("`{line}` failed");
    }
    Ok(())
}

/// Runs it in silence and hands back its standard output; on failure the error holds what it said.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = finished(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a build in silence, and takes a warning for a failure. Told by looking, since `RUSTFLAGS`
/// would build every dependency anew.
pub(crate) fn read_without_warning(command: &mut Command) -> Result<()> {
    let output = finished(command)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("warning: ") {
        bail!("`{}` warned:\n{said}", written(command));
    }
    Ok(())
}

/// Whether a program can be started at all, told by asking its version.
pub(crate) fn is_there(workspace: &Workspace, name: &str, arguments: &[&str]) -> bool {
    read(&mut program(workspace, name, arguments)).is_ok()
}

fn finished(command: &mut Command) -> Result<Output> {
    let line = written(command);
    let output = command
        .output()
        .with_context(|| format!("`{line}` did not start"))?;
    if !output.status.success() {
        let (said, wrote) = (
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout),
        );
        bail!("`{line}` failed:\n{said}{wrote}");
    }
    Ok(output)
}

fn written(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
