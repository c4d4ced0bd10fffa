//! Instructions of a call, which the noise of a machine does not change: two runs of different
//! length under valgrind, and their difference.

use std::process::Command;

use super::label;
use crate::peer::{Entry, Error};
use crate::peers;
use crate::report::{Cell, Row, Table};

/// How many calls each of the two runs makes.
///
/// The start of a process varies by some million instructions.
pub type Runs = [u32; 2];

const RUNS: Runs = [1_000, 101_000];

/// Returns nothing where there is no valgrind.
pub fn measure() -> Option<Table> {
    has_valgrind().then(|| Table {
        title: "Instructions",
        note: format!(
            "Of a call with a fresh token, by valgrind: the difference between {} and {} calls.",
            RUNS[0], RUNS[1]
        ),
        columns: vec!["", "token", "header"],
        rows: peers::all().iter().map(row).collect(),
    })
}

/// Returns whether instructions can be counted here.
pub fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

fn row(entry: &Entry) -> Row {
    let name = entry.about.name;
    let of = |call| of_a_call(RUNS, &["--only", name, "--call", call]);
    Row {
        label: label(entry),
        cells: ["token", "header"].map(of).into(),
    }
}

/// Returns the instructions of one call of this program with these arguments.
pub fn of_a_call(runs: Runs, arguments: &[&str]) -> Cell {
    match runs.map(|calls| instructions(arguments, calls)) {
        [Ok(short), Ok(long)] => Cell::Number((long - short) / f64::from(runs[1] - runs[0]), 0),
        [Err(why), _] | [_, Err(why)] => why.to_string().into(),
    }
}

fn instructions(arguments: &[&str], calls: u32) -> Result<f64, Error> {
    let output = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(std::env::current_exe()?)
        .args(["--calls", &calls.to_string()])
        .args(arguments)
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err("dies under valgrind".into());
    }
    let count = report.lines().find_map(|line| line.split_once("I   refs:"));
    let count = count.ok_or("no count")?.1.replace(',', "");
    Ok(count.trim().parse()?)
}
