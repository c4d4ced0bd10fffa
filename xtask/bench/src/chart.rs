//! A chart of the first table, light and dark.

use std::fmt::Write as _;

use crate::report::Table;
use crate::rows::pool::{TABLE, TOKEN};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 260.0;
const RIGHT: f64 = 90.0;
const ROW: f64 = 34.0;
const BAR: f64 = 12.0;
const TOP: f64 = 64.0;

const STYLE: &str = "
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .small { font-size: 11px; fill: #59636e; }
  .ours { font-weight: 600; }
  .token { fill: #0969da; }
  .header { fill: #54aeff; }
  .limit { fill: #afb8c1; }
  .background { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .token { fill: #4493f8; }
    .header { fill: #1f6feb; }
    .limit { fill: #484f58; }
    .background { fill: #0d1117; }
  }
";

/// A chart with two bars for each row of a table.
struct Chart {
    file: &'static str,
    table: &'static str,
    title: &'static str,
    columns: [&'static str; 2],
    legend: [&'static str; 2],
    /// Whether the shortest is on top.
    is_sorted: bool,
}

const CHARTS: [Chart; 2] = [
    Chart {
        file: "bench.svg",
        table: "A fresh token",
        title: "A fresh token: nanoseconds of a call, one thread",
        columns: ["token, ns", "header, ns"],
        legend: [
            "the token, as the crate hands it out",
            "the value of a header",
        ],
        is_sorted: true,
    },
    Chart {
        file: "bench-pool.svg",
        table: "A pool by its size",
        title: "A token of a pool, by its size: nanoseconds of a call",
        columns: [TOKEN, TABLE],
        legend: ["a fresh token of the pool", "a get from a table of tokens"],
        is_sorted: false,
    },
];

/// Returns the charts of the tables that there are, with their file names. The machine is described
/// below each.
pub fn all(tables: &[Table], machine: &str) -> Vec<(&'static str, String)> {
    let drawn = |chart: &Chart| {
        let table = tables.iter().find(|table| table.title == chart.table)?;
        Some((chart.file, chart.svg(table, machine)))
    };
    CHARTS.iter().filter_map(drawn).collect()
}

/// Returns the line of Markdown that shows the chart of this table, if it has one.
pub fn shown(table: &Table) -> Option<String> {
    let chart = CHARTS.iter().find(|chart| chart.table == table.title)?;
    Some(format!("![{}]({})", chart.title, chart.file))
}

impl Chart {
    fn svg(&self, table: &Table, below: &str) -> String {
        let rows = self.rows(table);
        let longest = rows.iter().map(|(_, one, other)| one.max(*other));
        let scale = (WIDTH - LEFT - RIGHT) / longest.fold(1.0, f64::max);
        let height = TOP + ROW * rows.len() as f64 + 28.0;
        let title = escaped(self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
            role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
            <rect class=\"background\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
            <text class=\"title\" x=\"16\" y=\"26\">{title}</text>\n",
        );
        svg += &legend(self.legend);
        for (at, row) in rows.iter().enumerate() {
            svg += &bars(row, TOP + ROW * at as f64, scale);
        }
        let below = escaped(below);
        _ = writeln!(
            svg,
            "<text class=\"small\" x=\"16\" y=\"{}\">{below}</text>\n</svg>",
            height - 10.0
        );
        svg
    }

    /// Returns the rows that have both numbers.
    fn rows<'a>(&self, table: &'a Table) -> Vec<(&'a str, f64, f64)> {
        let [ones, others] = self.columns.map(|column| table.numbers(column));
        let both = ones.into_iter().filter_map(|(label, one)| {
            let (_, other) = others.iter().find(|(name, _)| *name == label)?;
            Some((label, one, *other))
        });
        let mut rows: Vec<_> = both.collect();
        if self.is_sorted {
            rows.sort_by(|one, other| one.1.total_cmp(&other.1));
        }
        rows
    }
}

fn legend([first, second]: [&str; 2]) -> String {
    let item = |x: f64, class: &str, text: &str| {
        format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"38\" width=\"{BAR}\" height=\"{BAR}\"/>\n\
            <text class=\"small\" x=\"{}\" y=\"48\">{text}</text>\n",
            x + BAR + 6.0,
        )
    };
    item(LEFT, "token", first) + &item(LEFT + 230.0, "header", second)
}

fn bars((label, token, header): &(&str, f64, f64), top: f64, scale: f64) -> String {
    let is_ours = label.starts_with("**");
    let limit = label.starts_with("limit: ");
    let class = |usual| if limit { "limit" } else { usual };
    let mut bars = format!(
        "<text{} x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
        if is_ours { " class=\"ours\"" } else { "" },
        LEFT - 10.0,
        top + BAR + 4.0,
        escaped(&label.replace('*', "")),
    );
    for (nanos, class, y) in [
        (token, class("token"), top),
        (header, class("header"), top + BAR + 1.0),
    ] {
        let length = (nanos * scale).max(1.0);
        _ = writeln!(
            bars,
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" \
            height=\"{BAR}\"/>\
            <text class=\"small\" x=\"{:.1}\" y=\"{}\">{nanos:.0}</text>",
            LEFT + length + 5.0,
            y + BAR - 2.0,
        );
    }
    bars
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::report::{Cell, Row, Table};

    #[test]
    fn the_fastest_is_on_top_and_ours_stands_out() {
        let row = |label: &str, token| Row {
            label: label.to_owned(),
            cells: vec![Cell::Number(token, 1), Cell::Number(token * 2.0, 1)],
        };
        let table = Table {
            title: "A fresh token",
            note: String::new(),
            columns: vec!["", "token, ns", "header, ns"],
            rows: vec![row("slow <1>", 90.0), row("**ours**", 20.0)],
        };
        let charts = all(&[table], "a machine");
        let [(name, svg)] = &charts[..] else {
            panic!("there is one table");
        };
        assert_eq!(*name, "bench.svg");
        let place = |text| svg.find(text).unwrap();
        assert!(place("class=\"ours\"") < place("slow &lt;1>"));
        assert!(svg.contains("prefers-color-scheme: dark"));
    }
}
