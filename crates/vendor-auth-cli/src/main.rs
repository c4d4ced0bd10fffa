#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_headers;
mod args;
mod child;
mod commands;
mod config;
mod directory;
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
    keep_memory_private();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return explain(&error),
    };
    match commands::run(args) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Keeps secrets out of core dumps, and from debuggers of this user's other programs. The programs
/// that this one runs are not affected.
#[cfg(target_os = "linux")]
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // Where a sandbox forbids it, the rest still works.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
}

#[cfg(not(target_os = "linux"))]
fn keep_memory_private() {}

/// Prints a mistake in the command line, or the help that was asked for.
fn explain(error: &clap::Error) -> ExitCode {
    // If the terminal is gone, nobody reads it.
    drop(error.print());
    match error.use_stderr() {
        true => ExitCode::from(USAGE),
        false => ExitCode::SUCCESS,
    }
}
