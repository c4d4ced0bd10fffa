//! Prints what a shell needs to complete the command line.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;
use vendor_auth::Secret;

use super::token::print;
use crate::failure::Failure;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, mut command: Command) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "vendor-auth", &mut script);
    // clap_complete writes the name of a command with a dash in two ways into bash's script, so
    // that nothing would complete after a subcommand: https://github.com/clap-rs/clap/issues/6421
    let script = String::from_utf8_lossy(&script).replace("vendor__subcmd__auth", "vendor__auth");
    print(&Secret::from(script))?;
    Ok(ExitCode::SUCCESS)
}
