//! Bytes of one cache, and allocations of a call. `bin/memory.rs` counts in a process of its own,
//! because its allocator costs time.

use std::process::Command;

use serde_json::Value;

use super::label;
use crate::peer::Error;
use crate::peers;
use crate::report::{Cell, Row, Table};

/// What the counting process prints of each crate.
pub const COLUMNS: [&str; 4] = [
    "before the first token, B",
    "with a token, B",
    "allocations of a token",
    "allocations of a header",
];
pub const INSTANCES: usize = 32;

pub fn measure() -> Result<Table, Error> {
    let program = std::env::current_exe()?.with_file_name("memory");
    let output = Command::new(program).output()?;
    let counted: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let cell = |value: &Value| match value.as_f64() {
        Some(number) => Cell::Number(number, 0),
        None => Cell::none(),
    };
    let row = |entry: &crate::peer::Entry| Row {
        label: label(entry),
        cells: COLUMNS
            .iter()
            .map(|column| cell(&counted[entry.about.name][column]))
            .collect(),
    };
    Ok(Table {
        title: "Memory",
        note: format!(
            "Bytes on the heap of one cache, the mean of {INSTANCES} after two that pay for what a \
            process has once. Tasks that renew are included, and the HTTP client where each cache \
            makes its own; where users can share one, they do. A dash is a crate that has its \
            first token when it is set up."
        ),
        columns: [""].into_iter().chain(COLUMNS).collect(),
        rows: peers::real().iter().map(row).collect(),
    })
}
