//! Installs the servers that are missing, or fails with the command that does.
#![expect(clippy::print_stdout, reason = "a command for people")]

use std::process::{Command, ExitCode};

use local_servers::install;

fn main() -> ExitCode {
    let missing = install::missing();
    if missing.is_empty() {
        return ExitCode::SUCCESS;
    }
    let command = install::command_for(&missing);
    if !may_install(&command) {
        println!("some servers that the tests start are missing. Run as root: {command}");
        return ExitCode::FAILURE;
    }
    println!("installing: {command}");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &command])
        .env("DEBIAN_FRONTEND", "noninteractive");
    let installed = shell.status().is_ok_and(|status| status.success());
    for missing in install::missing() {
        println!("`{}` is still missing after: {command}", missing.program);
    }
    ExitCode::from(u8::from(!installed || !install::missing().is_empty()))
}

/// Homebrew refuses root and does not need it; apt needs it.
fn may_install(command: &str) -> bool {
    command.starts_with("brew") || rustix::process::geteuid().is_root()
}
