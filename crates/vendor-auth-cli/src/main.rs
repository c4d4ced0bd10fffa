#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_headers;
mod args;
mod child;
mod commands;
mod config;
mod failure;
mod grant;
mod http;
mod last_failure;
mod life;
mod output;
mod printable;
mod signals;
mod state_file;
mod store;
mod text_file;

use std::process::ExitCode;

use clap::Parser as _;

use self::args::Args;
use self::failure::USAGE;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return explain(&error),
    };
    match commands::run(args) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Prints a mistake in the command line, or the help that was asked for.
fn explain(error: &clap::Error) -> ExitCode {
    // If the terminal is gone, nobody reads it.
    drop(error.print());
    match error.use_stderr() {
        true => ExitCode::from(USAGE),
        false => ExitCode::SUCCESS,
    }
}
