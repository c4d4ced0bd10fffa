//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::completions::CompletionsArgs;
use crate::commands::credentials::HelperArgs;
use crate::commands::curl::CurlArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::init::InitArgs;
use crate::commands::login::LoginArgs;
use crate::commands::logout::LogoutArgs;
use crate::commands::man::ManArgs;
use crate::commands::run::RunArgs;
use crate::commands::serve::ServeArgs;
use crate::commands::sim::SimArgs;
use crate::commands::status::StatusArgs;
use crate::commands::token::TokenArgs;
#[cfg(feature = "watch")]
use crate::commands::watch::WatchArgs;

/// Gets access tokens for vendors' APIs, and keeps them usable.
#[derive(Debug, Parser)]
#[command(
    name = "vendor-auth",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 ok, 64 usage, 69 locked by the vendor, 74 store or file, \
                  75 try later, 76 answer not understood, 77 log in again, 78 configuration"
)]
pub(crate) struct Args {
    /// The configuration. Default: vendor-auth/config.toml in the user's configuration directory
    #[arg(long, global = true, value_name = "FILE", env = "VENDOR_AUTH_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints a token that is valid now
    Token(TokenArgs),
    /// Runs curl with a token
    Curl(CurlArgs),
    /// Answers git, Kubernetes' clients and Bazel, which ask a helper for credentials
    Helper(HelperArgs),
    /// Runs a program with a token in its environment
    Run(RunArgs),
    /// Writes a first configuration
    Init(InitArgs),
    /// Simulates the vendors, so that everything can be tried without credentials
    Sim(SimArgs),
    /// Logs a person in, with a browser or a password
    Login(LoginArgs),
    /// Ends a login: revokes the token and forgets it
    Logout(LogoutArgs),
    /// Serves tokens to other programs, over HTTP and in files
    Serve(ServeArgs),
    /// Shows how the tokens are
    Status(StatusArgs),
    /// Prints what a shell needs to complete the command line
    Completions(CompletionsArgs),
    /// Prints the manual
    Man(ManArgs),
    /// Shows how the tokens live, until `q`
    #[cfg(feature = "watch")]
    Watch(WatchArgs),
    /// Finds out why a token cannot be obtained, and says what to do
    Doctor(DoctorArgs),
}
