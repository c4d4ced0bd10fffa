//! Instructions of a call, which the noise of a machine does not change: two runs of different
//! length under valgrind, and their difference.

use std::process::Command;

use super::label;
use crate::peer::{Call, Error};
use crate::peers;
use crate::report::{Cell, Row, Table};

const SHORT: u32 = 1_000;
/// The start of a process varies by some million instructions.
const LONG: u32 = 101_000;

/// Returns nothing where there is no valgrind.
pub fn measure() -> Result<Option<Table>, Error> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Ok(None);
    }
    let row = |entry: crate::peer::Entry| Row {
        label: label(&entry),
        cells: [Call::Token, Call::Header]
            .map(|call| of_a_call(entry.about.name, call))
            .into(),
    };
    Ok(Some(Table {
        title: "Instructions",
        note: format!(
            "Of a call with a fresh token, by valgrind: the difference between {SHORT} and {LONG} \
            calls."
        ),
        columns: vec!["", "token", "header"],
        rows: peers::all().into_iter().map(row).collect(),
    }))
}

fn of_a_call(name: &str, call: Call) -> Cell {
    let [short, long] = [SHORT, LONG].map(|calls| instructions(name, call, calls));
    match (short, long) {
        (Ok(short), Ok(long)) => Cell::Number((long - short) / f64::from(LONG - SHORT), 0),
        (Err(why), _) | (_, Err(why)) => why.to_string().into(),
    }
}

fn instructions(name: &str, call: Call, calls: u32) -> Result<f64, Error> {
    let output = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(std::env::current_exe()?)
        .args(["--only", name, "--calls", &calls.to_string(), "--call"])
        .arg(match call {
            Call::Token => "token",
            Call::Header => "header",
        })
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err("dies under valgrind".into());
    }
    let count = report.lines().find_map(|line| line.split_once("I   refs:"));
    let count = count.ok_or("no count")?.1.replace(',', "");
    Ok(count.trim().parse()?)
}
