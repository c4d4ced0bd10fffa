//! Pools of growing size. `bin/pool` measures them in a process of its own, because its allocator
//! counts.

use std::process::Command;

use serde_json::Value;

use crate::peer::Error;
use crate::report::{Cell, Row, Table};

pub const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// What the measuring process prints of each size, and its digits after the point.
pub const COLUMNS: [(&str, usize); 7] = [
    ("bytes each", 0),
    ("first token, µs", 1),
    (TOKEN, 0),
    (TABLE, 0),
    ("×", 1),
    ("two threads, ×", 2),
    ("idle, % of a core", 1),
];
pub const TOKEN: &str = "token, ns";
pub const TABLE: &str = "table, ns";

pub fn measure() -> Result<Table, Error> {
    let program = std::env::current_exe()?.with_file_name("pool");
    let output = Command::new(program).output()?;
    let measured: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let row = |(at, size): (usize, &usize)| Row {
        label: format!("{} accounts", Cell::Number(*size as f64, 0).shown()),
        cells: COLUMNS
            .map(|(name, digits)| match measured[at][name].as_f64() {
                Some(number) => Cell::Number(number, digits),
                None => Cell::none(),
            })
            .to_vec(),
    };
    Ok(Table {
        title: "A pool by its size",
        note: "One `TokenPool` with a token of 1 KiB for each account. Memory is what the pool \
            holds beyond the texts of the tokens, without its store. *Token* is a call for a fresh \
            token of a random account; *table* is a get from a map in 128 shards, each with an \
            `RwLock`, with as many tokens of that size, and does nothing about their end. *Idle* \
            is measured with `keep_fresh`, while nothing is due."
            .to_owned(),
        columns: [""]
            .into_iter()
            .chain(COLUMNS.map(|(name, _)| name))
            .collect(),
        rows: SIZES.iter().enumerate().map(row).collect(),
    })
}
