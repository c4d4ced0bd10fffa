//! Steps of a command: each has a name, takes its time, and passes, fails, or is skipped with a
//! reason.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// One step of a command.
#[derive(Debug)]
pub(crate) struct Step {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// What it does. An error is a failure.
    pub(crate) run: fn(&Workspace) -> Result<Outcome>,
}

/// How a step that did not fail ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It did all that its name says.
    Passed,
    /// It could not be done here, and nothing is known.
    Skipped(String),
}

impl Outcome {
    /// A step that could not be done here.
    pub(crate) fn skipped(reason: impl Into<String>) -> Result<Self> {
        Ok(Self::Skipped(reason.into()))
    }
}

/// Runs every step, also after a failure, and prints the table.
///
/// # Errors
///
/// Where a step failed.
pub(crate) fn run_all(workspace: &Workspace, steps: &[Step]) -> Result<()> {
    let rows: Vec<Row> = steps.iter().map(|step| run_one(workspace, step)).collect();
    println!("\n{}", table(&rows));
    let tally = Tally::of(&rows);
    println!(
        "{} passed, {} failed, {} skipped",
        tally.passed, tally.failed, tally.skipped
    );
    if tally.failed > 0 {
        bail!("failed: {}", names_of_failed(&rows).join(", "));
    }
    Ok(())
}

struct Row {
    name: &'static str,
    took: Duration,
    end: End,
}

enum End {
    Passed,
    Failed,
    Skipped(String),
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is for people to read"
)]
fn run_one(workspace: &Workspace, step: &Step) -> Row {
    println!("\n== {}", step.name);
    let begun = Instant::now();
    let end = match (step.run)(workspace) {
        Ok(Outcome::Passed) => End::Passed,
        Ok(Outcome::Skipped(reason)) => End::Skipped(reason),
        Err(error) => {
            println!("{error:#}");
            End::Failed
        }
    };
    let row = Row {
        name: step.name,
        took: begun.elapsed(),
        end,
    };
    println!(
        "== {}: {} ({:.1} s)",
        row.name,
        row.end.text(),
        row.took.as_secs_f64()
    );
    row
}

fn table(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or_default();
    let lines = rows.iter().map(|row| {
        format!(
            "  {:width$}  {:>7.1} s  {}",
            row.name,
            row.took.as_secs_f64(),
            row.end.text()
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn names_of_failed(rows: &[Row]) -> Vec<&'static str> {
    let failed = rows.iter().filter(|row| matches!(row.end, End::Failed));
    failed.map(|row| row.name).collect()
}

impl End {
    fn text(&self) -> String {
        match self {
            Self::Passed => "passed".to_owned(),
            Self::Failed => "failed".to_owned(),
            Self::Skipped(reason) => format!("skipped: {reason}"),
        }
    }
}

impl Tally {
    fn of(rows: &[Row]) -> Self {
        let mut tally = Self::default();
        for row in rows {
            match row.end {
                End::Passed => tally.passed += 1,
                End::Failed => tally.failed += 1,
                End::Skipped(_) => tally.skipped += 1,
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, end: End) -> Row {
        Row {
            name,
            took: Duration::from_millis(1500),
            end,
        }
    }

    #[test]
    fn a_skipped_step_is_never_counted_or_shown_as_passed() {
        let rows = [
            row("fmt", End::Passed),
            row(
                "deny",
                End::Skipped("cargo-deny is not installed".to_owned()),
            ),
        ];
        let tally = Tally::of(&rows);
        assert_eq!((tally.passed, tally.failed, tally.skipped), (1, 0, 1));
        let shown = table(&rows);
        assert_eq!(
            shown,
            "  fmt       1.5 s  passed\n  deny      1.5 s  skipped: cargo-deny is not installed"
        );
    }

    #[test]
    fn a_failed_step_makes_the_command_fail_and_the_rest_still_runs() {
        let workspace = Workspace::find().unwrap();
        let steps = [
            Step {
                name: "breaks",
                run: |_| bail!("as it should"),
            },
            Step {
                name: "holds",
                run: |_| Ok(Outcome::Passed),
            },
        ];
        let error = run_all(&workspace, &steps).unwrap_err();
        assert_eq!(error.to_string(), "failed: breaks");
    }
}
