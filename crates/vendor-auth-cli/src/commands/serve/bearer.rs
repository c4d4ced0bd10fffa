//! What TCP clients send beside the guard header: every user of the machine reaches a loopback
//! port, but only this user reads the file.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use vendor_auth::Secret;

use super::places;
use crate::directory;
use crate::failure::Failure;
use crate::text_file;

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
        match File::open(path) {
            Ok(file) => return read(&file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match make(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
}

/// Reads the file that was opened: another one may have taken its path meanwhile.
fn read(file: &File) -> io::Result<Secret> {
    check_access(file)?;
    let text = Secret::from(text_file::text_of(file)?);
    let bearer = text.expose().trim();
    let is_printable = bearer.bytes().all(|byte| byte.is_ascii_graphic());
    match bearer.len() >= SHORTEST && is_printable {
        true => Ok(Secret::from(bearer.to_owned())),
        false => Err(io::Error::other(format!(
            "must be at least {SHORTEST} visible ASCII characters; remove it to get a good one"
        ))),
    }
}

/// Makes the file at once, with its content; fails if another process was first.
fn make(path: &Path) -> io::Result<()> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let text = Secret::from(base16ct::lower::encode_string(&random));
    // Such files are 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory::of_file(path))?;
    writeln!(file, "{}", text.expose())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)
        .map_err(|failed| failed.error)?;
    Ok(())
}

/// Refuses a file that others know: its owner can read it whatever its mode is. Root can read all
/// files anyway.
#[cfg(unix)]
fn check_access(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let found = file.metadata()?;
    let user = rustix::process::geteuid().as_raw();
    if ![0, user].contains(&found.uid()) {
        return Err(io::Error::other(
            "belongs to another user; write another file, or remove it to get a good one",
        ));
    }
    match found.mode() & 0o077 {
        0 => Ok(()),
        _ => Err(io::Error::other(
            "other users have access to it; run `chmod 600` on it",
        )),
    }
}

/// On Windows, a user's files are private.
#[cfg(not(unix))]
fn check_access(_file: &File) -> io::Result<()> {
    Ok(())
}
