//! Prints or writes the manual.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;
use vendor_auth::Secret;

use super::token::print;
use crate::failure::Failure;

/// The arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Writes a page for each command into this directory, instead of one to standard output
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &ManArgs, command: Command) -> Result<ExitCode, Failure> {
    let command = command.disable_help_subcommand(true);
    match &args.dir {
        Some(directory) => {
            let written = fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(command, directory));
            let failure = |error: io::Error| format!("{}: {error}", directory.display());
            written.map_err(|error| Failure::store(failure(error)))?;
        }
        None => {
            let mut page = Vec::new();
            // Writing to memory does not fail.
            drop(Man::new(command).render(&mut page));
            print(&Secret::from(String::from_utf8_lossy(&page).into_owned()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
