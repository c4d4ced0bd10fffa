//! What is installed, and the command for what is not.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ServerError;

/// A server program that this machine lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The program that was looked for.
    pub program: &'static str,
    /// The package that has it, as the machine's package tool names it.
    pub package: &'static str,
}

impl Missing {
    /// The command that installs its package.
    pub fn command(&self) -> String {
        command(&[self.package])
    }
}

/// The programs that are not installed, of those that the servers of this crate need.
pub fn missing() -> Vec<Missing> {
    needed()
        .into_iter()
        .filter(|needed| find(needed.program).is_err())
        .collect()
}

/// The one command that installs these packages, for Homebrew where there is no `apt-get`.
///
/// Debian starts a daemon as soon as its package is installed, except where `/usr/sbin/policy-rc.d`
/// exists and exits with 101. The servers of this crate do not mind a daemon: they take ports of
/// their own.
pub fn command(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    if on_path("apt-get").is_some() {
        format!("apt-get update && apt-get install -y {packages}")
    } else {
        format!("brew install {packages}")
    }
}

fn needed() -> [Missing; 5] {
    let debian = on_path("apt-get").is_some();
    let redis = if debian { "redis-server" } else { "redis" };
    [
        Missing {
            program: "redis-server",
            package: redis,
        },
        Missing {
            program: "redis-cli",
            package: redis,
        },
        Missing {
            program: "initdb",
            package: "postgresql",
        },
        Missing {
            program: "psql",
            package: "postgresql",
        },
        Missing {
            program: "pgbouncer",
            package: "pgbouncer",
        },
    ]
}

/// Where a program is: beside the newest PostgreSQL of the machine, else on the search path.
pub(crate) fn find(program: &str) -> Result<PathBuf, ServerError> {
    let found = postgresql_folders()
        .into_iter()
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    found
        .or_else(|| on_path(program))
        .ok_or_else(|| not_installed(program))
}

fn not_installed(program: &str) -> ServerError {
    let package = needed()
        .into_iter()
        .find(|needed| needed.program == program);
    let command = package.map_or_else(|| command(&["postgresql"]), |missing| missing.command());
    ServerError::new(format!("`{program}` is not installed. Run: {command}"))
}

/// The folders of the installed PostgreSQL versions, newest first.
fn postgresql_folders() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
    // Daemons are often outside of a user's search path.
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_names_the_command() {
        let error = find("no-such-program").unwrap_err().to_string();
        assert!(
            error.contains("`no-such-program` is not installed. Run: "),
            "{error}"
        );
    }

    #[test]
    fn every_needed_program_names_its_package() {
        assert!(
            needed()
                .iter()
                .all(|needed| needed.command().contains(needed.package))
        );
    }
}
