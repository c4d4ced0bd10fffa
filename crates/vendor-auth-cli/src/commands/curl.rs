//! Runs curl with a token that only curl sees: not its command line, no file, no variable.

#[cfg(unix)]
mod allowed;
#[cfg(unix)]
mod answers;
#[cfg(unix)]
mod operation;
#[cfg(unix)]
mod option_table;
#[cfg(unix)]
mod pipes;
#[cfg(unix)]
mod with_token;

use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::failure::Failure;

/// The arguments of `curl`.
#[derive(Debug, Args)]
pub(crate) struct CurlArgs {
    /// The profile, or POOL/ACCOUNT
    name: String,

    /// The arguments of curl. All URLs must be of the profile's hosts. `.curlrc` is not read. Once
    /// curl runs, the exit code is that of curl
    #[arg(last = true, required = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Runs curl.
#[cfg(unix)]
pub(crate) async fn run(config: &Config, args: &CurlArgs) -> Result<ExitCode, Failure> {
    with_token::run(config, &args.name, &args.arguments).await
}

/// Refuses: curl inherits no pipe here.
#[cfg(not(unix))]
pub(crate) async fn run(_config: &Config, args: &CurlArgs) -> Result<ExitCode, Failure> {
    let (name, count) = (&args.name, args.arguments.len());
    Err(Failure::usage(format!(
        "`vendor-auth curl` with its {count} arguments runs on Unix only; pipe \
         `vendor-auth token {name} -o header` into `curl -H @-`"
    )))
}
