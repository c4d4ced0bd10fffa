//! A token file that is itself a mount, as containers often have it: it cannot be replaced, and the
//! error must say what to do.
//!
//! A mount needs its own namespace, which not every machine allows; so this is a step that can be
//! skipped, and not a test that would pass without doing anything.

// FAULTS.md row 39

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use token_file::FileStore;
use vendor_auth::Secret;
use vendor_auth::types::store::{CommitCondition, Record, RefreshFingerprint, TokenStore as _};
use vendor_auth::types::{Generation, TokenKey};

use crate::Outcome;
use crate::machine::{RunFolder, read};

/// What the error must advise.
const ADVICE: &str = "mount its directory";

/// Mounts a token file over itself, and lets another process write there.
///
/// # Errors
///
/// If the write succeeds, its error does not say what to do, or the token is lost.
pub(crate) fn run() -> Result<Outcome> {
    if read(Command::new("unshare").args(["-rm", "true"])).is_err() {
        let reason = "this machine does not allow mounts in a namespace of its own (`unshare -rm`)";
        return Ok(Outcome::Skipped(reason.to_owned()));
    }
    let folder = RunFolder::create("mounted")?;
    // The store creates its own folder, which must be private.
    refused_and_kept(&folder.path().join("tokens"))?;
    Ok(Outcome::Passed)
}

fn refused_and_kept(folder: &Path) -> Result<()> {
    ensure!(
        write(folder, 1)? == "stored",
        "the first token was not stored"
    );
    let file = only_token_file(folder)?;
    let said = read(
        Command::new("unshare")
            .args([
                "-rm",
                "sh",
                "-c",
                "mount --bind \"$0\" \"$0\" && exec \"$@\"",
            ])
            .arg(file)
            .arg(std::env::current_exe()?)
            .args([OsStr::new("mounted-file-worker"), folder.as_os_str()]),
    )?;
    ensure!(
        said.contains(ADVICE),
        "a write to a mounted file ended with: {}",
        said.trim()
    );
    let stored = in_runtime(async { FileStore::at(folder).load(&key()).await })??;
    ensure!(
        stored.generation() == Some(Generation::new(1)),
        "the previous token is lost"
    );
    println!("{}", said.trim());
    Ok(())
}

/// Runs the other process: it writes a token, and prints the result.
///
/// # Errors
///
/// If no runtime can be started.
pub(crate) fn work(folder: &Path) -> Result<()> {
    println!("{}", write(folder, 2)?);
    Ok(())
}

fn write(folder: &Path, number: u8) -> Result<String> {
    let record = Record::new(
        RefreshFingerprint([number; 32]),
        Generation::new(number.into()),
        Secret::from("a token"),
    );
    let written = in_runtime(async {
        FileStore::at(folder)
            .commit(&key(), &CommitCondition::Overwrite, &record)
            .await
    })?;
    Ok(written.map_or_else(|error| error.to_string(), |_| "stored".to_owned()))
}

fn only_token_file(folder: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(folder)?.filter_map(|file| file.ok().map(|file| file.path()));
    let mut pages = files.filter(|file| file.extension().is_some_and(|ending| ending == "json"));
    pages.next().context("there is no token file")
}

fn key() -> TokenKey {
    TokenKey::of("acme", "api.acme.example", "mounted")
}

fn in_runtime<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    Ok(runtime.block_on(work))
}
