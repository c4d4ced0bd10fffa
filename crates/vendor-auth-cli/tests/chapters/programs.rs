//! The programs that read the chapters' blocks.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::home::Ran;

/// Returns a program of this machine, or fails with the command that installs it.
#[track_caller]
pub(crate) fn program(name: &str) -> PathBuf {
    local_servers::install::find(name).unwrap()
}

/// Returns what PyYAML reads.
#[track_caller]
pub(crate) fn yaml(text: &str) -> Value {
    const SCRIPT: &str = "import json, sys, yaml; print(json.dumps(list(yaml.load_all(sys.stdin, yaml.BaseLoader))))";
    // Debian's Python is the one that has Debian's PyYAML.
    let mut python = Command::new("/usr/bin/python3");
    let read = Ran::of(&with_input(python.args(["-c", SCRIPT]), text));
    serde_json::from_str(read.ok()).unwrap()
}

/// Runs a command to its end, with this text as its standard input.
pub(crate) fn with_input(command: &mut Command, text: &str) -> Output {
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}
