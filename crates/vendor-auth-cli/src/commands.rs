//! The commands.

pub(crate) mod completions;
pub(crate) mod credentials;
pub(crate) mod curl;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod token;
#[cfg(feature = "watch")]
pub(crate) mod watch;

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Args, Command};
use crate::config::Config;
use crate::failure::Failure;

/// Runs the command of this command line.
pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let given = args.config.as_deref();
    let config = || Config::load(given);
    match args.command {
        Command::Completions(args) => completions::run(&args, Args::command()),
        Command::Init(given) => init::run(args.config, &given),
        Command::Man(args) => man::run(&args, Args::command()),
        Command::Token(args) => block_on(token::run(&config()?, &args)),
        Command::Curl(args) => block_on(curl::run(&config()?, &args)),
        Command::Helper(args) => block_on(credentials::run(&config()?, &args)),
        Command::Run(args) => block_on(run::run(&config()?, &args)),
        Command::Sim(args) => block_on(sim::run(config().ok().as_ref(), &args)),
        Command::Login(args) => block_on(login::run(&config()?, &args)),
        Command::Logout(args) => block_on(logout::run(&config()?, &args)),
        #[cfg(feature = "watch")]
        Command::Watch(args) => block_on(watch::run(config()?, &args)),
        Command::Doctor(args) => block_on(doctor::run(given, &args)),
        Command::Serve(args) => block_on(serve::run(&config()?, args)),
        Command::Status(args) => block_on(status::run(&config()?, &args)),
    }
}

/// Runs a command that does one thing. Exchanges run on threads of the library.
fn block_on(command: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::store(format!("no runtime: {error}")))?;
    runtime.block_on(command)
}
