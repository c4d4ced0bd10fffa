//! Prints a token.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use vendor_auth::Secret;

use crate::config::Config;
use crate::directory;
use crate::failure::Failure;
use crate::grant::{Grant, Wanted};
use crate::output::{Format, Printed};

/// The arguments of `token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// The profile, or POOL/ACCOUNT
    name: String,

    /// The format
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,

    /// The shortest time in seconds that the token must be valid
    #[arg(long, value_name = "SECONDS")]
    min_ttl: Option<u64>,

    /// Takes the stored token, and sends nothing
    #[arg(long, conflicts_with = "force")]
    no_refresh: bool,

    /// Requests a token even if the stored one is valid
    #[arg(long)]
    force: bool,

    /// The longest time in seconds to wait for a token. A refresh that was sent is then waited for
    /// up to 60 s more, since its answer may have the only refresh token
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,

    /// Writes into this file, which only this user can read, instead of standard output
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

pub(crate) async fn run(config: &Config, args: &TokenArgs) -> Result<ExitCode, Failure> {
    let profile = &config.profile(&args.name)?;
    let wanted = Wanted {
        min_ttl: args.min_ttl.map(Duration::from_secs),
        force: args.force,
        no_refresh: args.no_refresh,
        within: Duration::from_secs(args.timeout),
        ..Wanted::default()
    };
    let (token, _grant) = Grant::token(config, profile, wanted).await?;
    let origins = config.origins(profile)?;
    let printed = Printed::of(profile, &token, &origins);
    let text = printed.to_text(args.output)?;
    match &args.file {
        Some(path) => replace(path, &text, 0o600)?,
        None => print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a text that may be secret.
pub(crate) fn print(text: &Secret) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let printed = out
        .write_all(text.expose().as_bytes())
        .and_then(|()| out.flush());
    printed.map_err(|error| Failure::store(format!("standard output: {error}")))
}

/// Replaces a file at once, so that nobody reads half of it.
pub(crate) fn replace(path: &Path, text: &Secret, mode: u32) -> Result<(), Failure> {
    refuse_special(path)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vendor-auth-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode; // the permissions of the directory decide
    let written = || -> io::Result<()> {
        let mut file = builder.tempfile_in(directory::of_file(path))?;
        file.write_all(text.expose().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|error| Failure::store(format!("{}: {error}", path.display())))
}

/// Refuses what is there if it is no file: a device or a pipe would be removed for all who use it,
/// and of a link only the link would be replaced.
fn refuse_special(path: &Path) -> Result<(), Failure> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let what = match found.file_type() {
        it if it.is_file() => return Ok(()),
        it if it.is_dir() => "is a directory; write the file's name too",
        it if it.is_symlink() => "is a symbolic link; write the file that it leads to",
        _ => "is no file, and would be replaced by one; write a file, or use standard output",
    };
    Err(Failure::store(format!("{} {what}", path.display())))
}
