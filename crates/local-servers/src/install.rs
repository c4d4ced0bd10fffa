//! Which servers and other programs are installed, and the command that installs the others.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::ServerError;

/// A program that is not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The program.
    pub program: &'static str,
    /// Its package, as this machine's package manager names it.
    pub package: &'static str,
}

impl Missing {
    /// Returns the command that installs its package.
    pub fn command(&self) -> String {
        command(&[self.package])
    }
}

/// Returns the programs that tests of this workspace start and that are not installed.
pub fn missing() -> Vec<Missing> {
    needed()
        .into_iter()
        .filter(|needed| find(needed.program).is_err())
        .collect()
}

/// Returns one command that installs these packages: `apt-get`, or Homebrew if there is none.
///
/// Debian starts a daemon as soon as its package is installed, unless `/usr/sbin/policy-rc.d` exists
/// and exits with 101. Such a daemon does no harm, because the servers here take free ports.
pub fn command(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    if on_path("apt-get").is_some() {
        format!("apt-get update && apt-get install -y {packages}")
    } else {
        format!("brew install {packages}")
    }
}

fn needed() -> Vec<Missing> {
    let mut needed = everywhere().to_vec();
    if on_path("apt-get").is_some() {
        needed.extend(ON_DEBIAN);
    }
    needed
}

/// What only Debian has.
const ON_DEBIAN: [Missing; 2] = [
    Missing {
        // A module of Debian's Python.
        program: "/usr/lib/python3/dist-packages/yaml/__init__.py",
        package: "python3-yaml",
    },
    Missing {
        program: "systemd-analyze",
        package: "systemd",
    },
];

fn everywhere() -> [Missing; 25] {
    let debian = on_path("apt-get").is_some();
    let redis = if debian { "redis-server" } else { "redis" };
    let kubectl = if debian {
        "kubernetes-client"
    } else {
        "kubernetes-cli"
    };
    let libsecret = if debian {
        "libsecret-tools"
    } else {
        "libsecret"
    };
    let dbus = if debian { "dbus-daemon" } else { "dbus" };
    let dbus_bin = if debian { "dbus-bin" } else { "dbus" };
    let groff = if debian { "groff-base" } else { "groff" };
    let driver = if debian {
        "chromium-driver"
    } else {
        "chromedriver"
    };
    [
        Missing {
            program: "chromedriver",
            package: driver,
        },
        Missing {
            program: "chromium",
            package: "chromium",
        },
        Missing {
            program: "http",
            package: "httpie",
        },
        Missing {
            program: "curl",
            package: "curl",
        },
        Missing {
            program: "crontab",
            package: "cron",
        },
        Missing {
            program: "git",
            package: "git",
        },
        Missing {
            program: "kubectl",
            package: kubectl,
        },
        Missing {
            program: "nginx",
            package: "nginx",
        },
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
        Missing {
            program: "prometheus",
            package: "prometheus",
        },
        Missing {
            program: "promtool",
            package: "prometheus",
        },
        Missing {
            program: "nats-server",
            package: "nats-server",
        },
        Missing {
            program: "mosquitto",
            package: "mosquitto",
        },
        Missing {
            program: "mosquitto_passwd",
            package: "mosquitto",
        },
        Missing {
            program: "gnome-keyring-daemon",
            package: "gnome-keyring",
        },
        Missing {
            program: "secret-tool",
            package: libsecret,
        },
        Missing {
            program: "dbus-run-session",
            package: dbus,
        },
        Missing {
            program: "dbus-send",
            package: dbus_bin,
        },
        Missing {
            program: "man",
            package: "man-db",
        },
        Missing {
            program: "groff",
            package: groff,
        },
        Missing {
            program: "tmux",
            package: "tmux",
        },
    ]
}

/// Returns the path of a program: beside the newest PostgreSQL, else on the search path.
///
/// # Errors
///
/// [`ServerError`] with the command that installs it if it is not there.
pub fn find(program: &str) -> Result<PathBuf, ServerError> {
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

/// Returns the folders of the installed PostgreSQL versions, newest first.
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
    // Daemons are often not on a user's search path.
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
