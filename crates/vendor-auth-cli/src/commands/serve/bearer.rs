//! What TCP clients send beside the guard header: every user of the machine reaches a loopback
//! port, but only this user reads the file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use vendor_auth::Secret;

use super::places;
use crate::failure::Failure;

/// The shortest text that cannot be guessed.
const SHORTEST: usize = 16;

/// The digest of what clients send: comparing digests tells nothing by the time that it takes.
pub(super) struct Bearer {
    digest: [u8; 32],
    path: PathBuf,
}

impl Bearer {
    /// Reads the file, and makes it if it is missing.
    pub(super) fn in_file(given: Option<PathBuf>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => path,
            None => places::private_directory()?.join("bearer"),
        };
        let secret = read_or_make(&path).map_err(|error| {
            Failure::store(format!("--bearer-file {}: {error}", path.display()))
        })?;
        Ok(Self {
            digest: Sha256::digest(secret.expose().as_bytes()).into(),
            path,
        })
    }

    /// Returns whether this is what clients send.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        given == self.digest
    }

    /// Returns the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn read_or_make(path: &Path) -> io::Result<Secret> {
    loop {
        match fs::read_to_string(path) {
            Ok(text) => {
                let text = Secret::from(text);
                check(path, text.expose().trim())?;
                return Ok(Secret::from(text.expose().trim().to_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match make(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
}

/// Makes the file at once, with its content; fails if another process was first.
fn make(path: &Path) -> io::Result<()> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let text = Secret::from(base16ct::lower::encode_string(&random));
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // Such files are 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(file, "{}", text.expose())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)
        .map_err(|failed| failed.error)?;
    Ok(())
}

fn check(path: &Path, text: &str) -> io::Result<()> {
    let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.len() < SHORTEST || !is_printable {
        return Err(io::Error::other(format!(
            "must be at least {SHORTEST} visible ASCII characters; remove it to get a good one"
        )));
    }
    check_mode(path)
}

#[cfg(unix)]
fn check_mode(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::metadata(path)?.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(io::Error::other(
            "other users can read it; run `chmod 600` on it",
        )),
    }
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> io::Result<()> {
    Ok(())
}
