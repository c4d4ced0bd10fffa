//! The table at the end.

use std::time::Duration;

use anyhow::Result;

use super::scene::{Played, Scene};

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
  from memory: from the vendor's answer until callers had the token; a silent store is waited for first. Counted from the server's
  return: landed, the store acknowledged it to the holder; adopted, the bystander had it, which a frozen server that wakes over what it
  was sent may give earlier; renewed, the latecomer had one.";

/// One row a scene.
pub(super) fn of(outcomes: &[(Scene, Result<Played>)]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(outcomes.iter().map(|(scene, outcome)| match outcome {
        Ok(played) => row(scene, played),
        Err(_) => failed(scene),
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

fn row(scene: &Scene, played: &Played) -> [String; 11] {
    let live = [&played.back.holder.asked, &played.back.bystander.asked];
    let over = &played.back.latecomer.asked;
    [
        scene.store.to_string(),
        scene.way.to_string(),
        live.iter()
            .map(|asked| asked.times)
            .sum::<u64>()
            .to_string(),
        live.iter()
            .map(|asked| asked.waited)
            .sum::<u64>()
            .to_string(),
        millis(
            live.iter()
                .map(|asked| asked.slowest)
                .max()
                .unwrap_or_default(),
        ),
        over.refused().to_string(),
        played.exchanges_while_away.to_string(),
        millis(played.from_memory_after),
        millis(played.landed_after),
        millis(played.adopted_after),
        millis(played.renewed_after),
    ]
}

fn failed(scene: &Scene) -> [String; 11] {
    let mut cells: [String; 11] = std::array::from_fn(|_| "-".to_owned());
    let [store, way, what, ..] = &mut cells;
    *store = scene.store.to_string();
    *way = scene.way.to_string();
    "failed".clone_into(what);
    cells
}

fn millis(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1000.0)
}
