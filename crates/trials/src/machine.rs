//! The machine that a trial runs on: the paths that it reads and writes, and other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Returns a path in cargo's target folder, the one that this program was built into.
///
/// # Errors
///
/// If the path of this program is unknown.
pub(crate) fn target(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program has no path")?;
    let target = program.ancestors().nth(2);
    Ok(target
        .context("this program is not in a target folder")?
        .join(name))
}

/// Returns a path in the sources of this crate.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A folder in the target folder for one run, removed when dropped.
pub(crate) struct RunFolder(PathBuf);

impl RunFolder {
    /// Creates the folder; its name is `prefix` and the id of this process.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub(crate) fn create(prefix: &str) -> Result<Self> {
        let path = target(&format!("{prefix}-{}", std::process::id()))?;
        std::fs::create_dir_all(&path)
            .with_context(|| format!("{} cannot be created", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // If this fails, the leftovers are only in the target folder.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

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
