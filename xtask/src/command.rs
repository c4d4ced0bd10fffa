//! Commands that are run, and what their failures look like.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Runs a command with its output on the terminal.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command.status();
    let status = status.with_context(|| format!("`{line}` could not be started"))?;
    ensure!(status.success(), "`{line}` failed");
    Ok(())
}

/// Runs a command silently and returns its standard output. An error contains its output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command.output();
    let output = output.with_context(|| format!("`{line}` could not be started"))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "`{line}` failed:\n{stderr}{stdout}"
    );
    Ok(stdout.into_owned())
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
