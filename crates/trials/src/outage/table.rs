//! The table at the end.

use std::time::Duration;

use anyhow::Result;

use super::case::{Case, Figures};

const HEADINGS: [&str; 11] = [
    "store",
    "stopped",
    "asked, live",
    "waited",
    "slowest",
    "refused, over",
    "spent",
    "from memory",
    "landed",
    "adopted",
    "renewed",
];

const LEGEND: &str = "  slowest: of the answers to callers with a live token. spent: exchanges while the store was away.
  from memory: from the vendor's answer until callers had the token; a silent store is awaited first.
  Counted from the server's return: landed, the store acknowledged the token to the holder; adopted,
  the bystander had it (a frozen server that resumes with what it was sent may give it earlier);
  renewed, the latecomer had a token.";

/// Returns the table: one row per case.
pub(super) fn of(outcomes: &[(Case, Result<Figures>)]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(outcomes.iter().map(|(case, outcome)| match outcome {
        Ok(figures) => row(case, figures),
        Err(_) => failed(case),
    }));
    let widths: [usize; 11] = std::array::from_fn(|column| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
            .unwrap_or(0)
    });
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:>width$}"));
        format!("  {}", cells.collect::<Vec<_>>().join("  "))
    });
    format!("{}\n{LEGEND}", lines.collect::<Vec<_>>().join("\n"))
}

fn row(case: &Case, figures: &Figures) -> [String; 11] {
    let live = [&figures.back.holder.stats, &figures.back.bystander.stats];
    let expired = &figures.back.latecomer.stats;
    [
        case.store.to_string(),
        case.stop.to_string(),
        live.iter()
            .map(|stats| stats.times)
            .sum::<u64>()
            .to_string(),
        live.iter()
            .map(|stats| stats.waited)
            .sum::<u64>()
            .to_string(),
        millis(
            live.iter()
                .map(|stats| stats.slowest)
                .max()
                .unwrap_or_default(),
        ),
        expired.refused().to_string(),
        figures.exchanges_while_away.to_string(),
        millis(figures.from_memory_after),
        millis(figures.landed_after),
        millis(figures.adopted_after),
        millis(figures.renewed_after),
    ]
}

fn failed(case: &Case) -> [String; 11] {
    let mut cells: [String; 11] = std::array::from_fn(|_| "-".to_owned());
    let [store, stop, what, ..] = &mut cells;
    *store = case.store.to_string();
    *stop = case.stop.to_string();
    "failed".clone_into(what);
    cells
}

fn millis(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1000.0)
}
