//! Runs a program with a token in its environment.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::process::Command;
use vendor_auth::Token;

use crate::child;
use crate::config::Config;
use crate::failure::Failure;
use crate::grant::refused::Replaced;
use crate::grant::{Grant, Wanted};

/// The arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The profile, or POOL/ACCOUNT
    name: String,

    /// The variable that has the token. VARIABLE_EXPIRES_AT has its end
    #[arg(long, value_name = "VARIABLE", default_value = "ACCESS_TOKEN")]
    env: String,

    /// The shortest time in seconds that the token must be valid when the program starts
    #[arg(long, value_name = "SECONDS")]
    min_ttl: Option<u64>,

    /// The exit code with which the program says that an API refused the token: the token is
    /// replaced, and the program is run once more
    #[arg(long, value_name = "CODE", value_parser = clap::value_parser!(u8).range(1..))]
    refused_code: Option<u8>,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn run(config: &Config, args: &RunArgs) -> Result<ExitCode, Failure> {
    check_name(&args.env)?;
    let profile = &config.profile(&args.name)?;
    let wanted = Wanted {
        min_ttl: args.min_ttl.map(Duration::from_secs),
        ..Wanted::default()
    };
    let (token, _grant) = Grant::token(config, profile, wanted).await?;
    let code = child::run(command(config, args, &token)?, || {}).await?;
    if args.refused_code != Some(code) {
        return Ok(ExitCode::from(code));
    }
    let replaced = Grant::refused(config, profile, |it| it.same_as(token.access())).await;
    let token = match replaced {
        Ok(Replaced::Now(token)) => token,
        Ok(Replaced::Before) => Grant::token(config, profile, wanted).await?.0,
        Ok(told @ Replaced::NotAtFault) => {
            told.tell(&args.name);
            return Ok(ExitCode::from(code));
        }
        Err(failure) => {
            failure.report();
            return Ok(ExitCode::from(code));
        }
    };
    let code = child::run(command(config, args, &token)?, || {}).await?;
    Ok(ExitCode::from(code))
}

fn check_name(name: &str) -> Result<(), Failure> {
    let is_first = |letter: char| letter == '_' || letter.is_ascii_alphabetic();
    let is_name = name.starts_with(is_first)
        && name
            .chars()
            .all(|letter| is_first(letter) || letter.is_ascii_digit());
    match is_name {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "--env {name}: a variable has letters, digits and `_`, such as ACCESS_TOKEN"
        ))),
    }
}

fn command(config: &Config, args: &RunArgs, token: &Token) -> Result<Command, Failure> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::usage("there is no program; write it after `--`"));
    };
    let mut command = Command::new(program);
    let end_name = format!("{}_EXPIRES_AT", args.env);
    // The program needs the token, and not what it was obtained with.
    config.secret_variables().iter().for_each(|name| {
        command.env_remove(name);
    });
    command
        .args(arguments)
        .env(&args.env, token.access().expose())
        .env_remove(&end_name);
    if let Some(end) = token.validity().ends() {
        command.env(end_name, end.to_string());
    }
    Ok(command)
}
