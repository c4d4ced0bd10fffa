//! The servers, how each can treat refresh tokens, and how each is installed into the target
//! folder.

mod node;
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::machine;

/// A server that was not written by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// npm's certified `oidc-provider`.
    OidcProvider,
    /// PyPI's `django-oauth-toolkit`. Each of its exchanges ends the previous access token.
    DjangoOauthToolkit,
}

/// How a server treats refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshTokens {
    /// Each is single-use, and reuse ends the whole grant.
    ReuseEndsGrant,
    /// Each is single-use, and reuse is refused.
    ReuseIsRefused,
    /// One for the whole grant.
    Kept,
}

/// A server as it is started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) server: Server,
    pub(super) refresh_tokens: RefreshTokens,
}

impl Setup {
    /// Returns the options of the server's command line.
    pub(super) fn options(self) -> [&'static str; 2] {
        match self.refresh_tokens {
            RefreshTokens::ReuseEndsGrant => ["--rotation=single-use", "--reuse=ends-grant"],
            RefreshTokens::ReuseIsRefused => ["--rotation=single-use", "--reuse=refused"],
            RefreshTokens::Kept => ["--rotation=kept", "--reuse=ends-grant"],
        }
    }
}

/// What a registry client prints if it cannot reach the registry.
const UNREACHABLE: [&str; 13] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "ERR_SOCKET_TIMEOUT",
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "Temporary failure in name resolution",
    // What pip prints about a pinned package if no index answered.
    "(from versions: none)",
];

/// A server that can be started, or the reason why it is unavailable here.
pub(super) enum Installed {
    Ready(Launch),
    Missing(String),
}

/// How a server is started.
#[derive(Clone)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) script: &'static str,
    /// Its working directory, with its state and its log.
    pub(super) folder: PathBuf,
    /// The file in which it keeps its state.
    pub(super) state: &'static str,
}

/// Installs a server, unless it was installed before.
///
/// # Errors
///
/// If the packages could not be installed although the registry was reached.
pub(super) fn install(server: Server) -> Result<Installed> {
    match server {
        Server::OidcProvider => node::install(),
        Server::DjangoOauthToolkit => python::install(),
    }
}

/// Runs a registry client. Returns the reason if the registry was not reached.
fn fetch(command: &mut Command, what: &str) -> Result<Option<String>> {
    let Err(error) = machine::read(command) else {
        return Ok(None);
    };
    let said = format!("{error:#}");
    let unreachable = UNREACHABLE.iter().any(|word| said.contains(word));
    if unreachable {
        return Ok(Some(format!(
            "{what} could not be fetched: the registry was not reached"
        )));
    }
    Err(error.context(format!("{what} could not be installed")))
}

/// Copies the files of a folder, but not its subfolders.
fn copy(source: &Path, place: &Path) -> Result<()> {
    fs::create_dir_all(place).with_context(|| format!("{} cannot be created", place.display()))?;
    let entries =
        fs::read_dir(source).with_context(|| format!("{} cannot be read", source.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Returns whether these packages were installed from this very list.
fn is_installed(place: &Path, list: &str, kept: &str) -> bool {
    let list = fs::read(place.join(list)).ok();
    list.is_some() && list == fs::read(place.join(kept)).ok()
}

/// Returns whether a version is at least this one; `false` if it cannot be parsed.
fn is_new_enough(version: &str, oldest: (u32, u32)) -> bool {
    let mut numbers = version
        .trim_start_matches(|letter: char| !letter.is_ascii_digit())
        .split('.')
        .map_while(|part| part.trim().parse::<u32>().ok());
    let major = numbers.next().unwrap_or_default();
    (major, numbers.next().unwrap_or_default()) >= oldest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_too_old_is_distinguished_from_one_that_fits() {
        for fits in ["v20.20.2\n", "v22.1.0", "v21.0.0", "Python 20.20.1\n"] {
            assert!(is_new_enough(fits, (20, 20)), "{fits}");
        }
        for old in ["v20.19.9", "v18.20.4", "nonsense", "", "Python 3.9.2\n"] {
            assert!(!is_new_enough(old, (20, 20)), "{old}");
        }
    }

    #[test]
    fn a_registry_that_is_not_reached_is_a_reason_and_any_other_failure_an_error() {
        let fails = |said: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("echo '{said}' >&2; exit 1")]);
            fetch(&mut command, "the server")
        };
        let reason = fails("npm error code ENOTFOUND").unwrap();
        assert_eq!(
            reason.as_deref(),
            Some("the server could not be fetched: the registry was not reached")
        );
        assert!(fails("the lock does not match").is_err());
        assert!(
            fetch(&mut Command::new("true"), "the server")
                .unwrap()
                .is_none()
        );
    }
}
