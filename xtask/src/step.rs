//! Steps of a command: each passes, fails, or is skipped with a reason.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::workspace::Workspace;

/// The steps that may be skipped where `CI=true`: they need what a fresh machine with Rust, Node,
/// Python and apt may lack. Any other skip fails there.
const MAY_BE_SKIPPED: [&str; 5] = ["msrv", "api", "targets", "deny", "mounted file"];

/// One step of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    name: &'static str,
    run: fn(&Workspace) -> Result<Outcome>,
}

/// How a step that did not fail ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// It cannot run on this machine, for this reason.
    Skipped(String),
}

/// Whether a skipped step fails the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skips {
    Allowed,
    /// Unless it is in the list.
    Fail,
}

struct Row {
    name: &'static str,
    took: Duration,
    end: Result<Outcome>,
}

impl Step {
    pub(crate) const fn new(name: &'static str, run: fn(&Workspace) -> Result<Outcome>) -> Self {
        Self { name, run }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long a step took is for people to read"
    )]
    fn run(self, workspace: &Workspace) -> Row {
        println!("\n== {}", self.name);
        let begun = Instant::now();
        let end = (self.run)(workspace);
        if let Err(error) = &end {
            println!("{error:#}");
        }
        let row = Row {
            name: self.name,
            took: begun.elapsed(),
            end,
        };
        println!(
            "== {}: {} ({:.1} s)",
            row.name,
            row.text(),
            row.took.as_secs_f64()
        );
        row
    }
}

/// Runs every step, also after a failure, and prints the table.
///
/// # Errors
///
/// If a step fails, or is skipped where `CI=true` and must not be.
pub(crate) fn run_all(workspace: &Workspace, steps: &[Step]) -> Result<()> {
    let skips = if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        Skips::Fail
    } else {
        Skips::Allowed
    };
    let rows: Vec<Row> = steps.iter().map(|step| step.run(workspace)).collect();
    println!("\n{}", table(&rows));
    verdict(&rows, skips)
}

fn table(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or_default();
    let line = |row: &Row| {
        format!(
            "  {:width$}  {:>7.1} s  {}\n",
            row.name,
            row.took.as_secs_f64(),
            row.text()
        )
    };
    let count = |is: fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
    format!(
        "{}{} passed, {} failed, {} skipped",
        rows.iter().map(line).collect::<String>(),
        count(|row| matches!(row.end, Ok(Outcome::Passed))),
        count(|row| row.end.is_err()),
        count(|row| matches!(row.end, Ok(Outcome::Skipped(_)))),
    )
}

fn verdict(rows: &[Row], skips: Skips) -> Result<()> {
    let names = |is: &dyn Fn(&Row) -> bool| {
        let names: Vec<_> = rows
            .iter()
            .filter(|row| is(row))
            .map(|row| row.name)
            .collect();
        names.join(", ")
    };
    let failed = names(&|row| row.end.is_err());
    ensure!(failed.is_empty(), "failed: {failed}");
    let skipped = names(&|row| {
        matches!(row.end, Ok(Outcome::Skipped(_)))
            && skips == Skips::Fail
            && !MAY_BE_SKIPPED.contains(&row.name)
    });
    ensure!(skipped.is_empty(), "must not be skipped in CI: {skipped}");
    Ok(())
}

impl Row {
    fn text(&self) -> String {
        match &self.end {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(reason)) => format!("skipped: {reason}"),
            Err(_) => "failed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn row(name: &'static str, end: Result<Outcome>) -> Row {
        Row {
            name,
            took: Duration::from_millis(1500),
            end,
        }
    }

    fn skipped(name: &'static str) -> Row {
        row(name, Ok(Outcome::Skipped("not installed".to_owned())))
    }

    #[test]
    fn a_skipped_step_is_never_counted_or_shown_as_passed() {
        let shown = table(&[row("fmt", Ok(Outcome::Passed)), skipped("deny")]);
        let expected = "  fmt       1.5 s  passed\n  deny      1.5 s  skipped: not installed\n1 passed, 0 failed, 1 skipped";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_skip_fails_in_ci_unless_it_is_listed() {
        assert!(verdict(&[skipped("interop django-oauth-toolkit")], Skips::Allowed).is_ok());
        assert!(verdict(&[skipped("deny")], Skips::Fail).is_ok());
        let error = verdict(&[skipped("interop django-oauth-toolkit")], Skips::Fail).unwrap_err();
        assert_eq!(
            error.to_string(),
            "must not be skipped in CI: interop django-oauth-toolkit"
        );
    }

    #[test]
    fn a_failed_step_fails_the_command_and_the_rest_still_runs() {
        let steps = [
            Step::new("breaks", |_| bail!("as it should")),
            Step::new("breaks too", |_| bail!("as it should")),
        ];
        let error = run_all(&Workspace::find().unwrap(), &steps).unwrap_err();
        assert_eq!(error.to_string(), "failed: breaks, breaks too");
    }
}
