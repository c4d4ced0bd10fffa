//! Steps of a command: each passes, fails, or is skipped with a reason.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::workspace::{Workspace, show};

/// The steps that may be skipped where `CI=true`: they need what a fresh machine with Rust, Node,
/// Python and apt may lack. Any other skip fails there.
const MAY_BE_SKIPPED: [&str; 5] = ["msrv", "api", "targets", "deny", "mounted file"];

/// One step of a command.
pub(crate) struct Step {
    name: &'static str,
    #[expect(clippy::type_complexity, reason = "it is used here alone")]
    run: Box<dyn Fn(&Workspace) -> Result<Outcome>>,
}

/// How a step that did not fail ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// It cannot run on this machine, for this reason.
    Skipped(String),
}

struct Row {
    name: &'static str,
    took: Duration,
    end: Result<Outcome>,
}

/// Returns a step. A closure needs the type of its argument.
pub(crate) fn step(
    name: &'static str,
    run: impl Fn(&Workspace) -> Result<Outcome> + 'static,
) -> Step {
    let run = Box::new(run);
    Step { name, run }
}

/// Runs a command that is all of a step, or its last part.
pub(crate) fn passes(command: &mut Command) -> Result<Outcome> {
    show(command)?;
    Ok(Outcome::Passed)
}

/// Runs every step, also after a failure, and prints the table.
pub(crate) fn run_all(workspace: &Workspace, steps: &[Step]) -> Result<()> {
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let may_be_skipped = |name: &str| !is_ci || MAY_BE_SKIPPED.contains(&name);
    let rows: Vec<Row> = steps.iter().map(|step| step.run(workspace)).collect();
    println!("\n{}", table(&rows));
    verdict(&rows, may_be_skipped)
}

fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut counts = [("passed", 0), ("failed", 0), ("skipped", 0)];
    let mut table = String::new();
    for row in rows {
        let (end, seconds) = (row.end(), row.took.as_secs_f64());
        table += &format!("  {:width$}  {seconds:>7.1} s  {end}\n", row.name);
        let counted = counts.iter_mut().find(|(word, _)| end.starts_with(word));
        counted.into_iter().for_each(|(_, count)| *count += 1);
    }
    let counts = counts.map(|(word, count)| format!("{count} {word}"));
    table + &counts.join(", ")
}

fn verdict(rows: &[Row], may_be_skipped: impl Fn(&str) -> bool) -> Result<()> {
    let (mut failed, mut skipped) = (Vec::new(), Vec::new());
    for row in rows {
        match row.end {
            Err(_) => failed.push(row.name),
            Ok(Outcome::Skipped(_)) if !may_be_skipped(row.name) => skipped.push(row.name),
            Ok(_) => {}
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    let skipped = skipped.join(", ");
    ensure!(skipped.is_empty(), "must not be skipped in CI: {skipped}");
    Ok(())
}

impl Step {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it took is for people to read"
    )]
    fn run(&self, workspace: &Workspace) -> Row {
        println!("\n== {}", self.name);
        let (name, begun) = (self.name, Instant::now());
        let end = (self.run)(workspace);
        if let Err(error) = &end {
            println!("{error:#}");
        }
        let took = begun.elapsed();
        let row = Row { name, took, end };
        println!("== {name}: {} ({:.1} s)", row.end(), took.as_secs_f64());
        row
    }
}

impl Row {
    fn end(&self) -> String {
        match &self.end {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(reason)) => format!("skipped: {reason}"),
            Err(_) => "failed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, end: Outcome) -> Row {
        let took = Duration::from_millis(1500);
        Row {
            name,
            took,
            end: Ok(end),
        }
    }

    #[test]
    fn a_skipped_step_is_never_counted_or_shown_as_passed() {
        let skipped = Outcome::Skipped("not installed".to_owned());
        let shown = table(&[row("fmt", Outcome::Passed), row("deny", skipped)]);
        let rows = "  fmt       1.5 s  passed\n  deny      1.5 s  skipped: not installed\n";
        assert_eq!(shown, format!("{rows}1 passed, 0 failed, 1 skipped"));
    }

    #[test]
    fn a_skip_fails_in_ci_unless_it_is_listed() {
        let rows = ["docs", "deny"].map(|name| row(name, Outcome::Skipped(String::new())));
        assert!(verdict(&rows, |_| true).is_ok());
        let error = verdict(&rows, |name| MAY_BE_SKIPPED.contains(&name)).unwrap_err();
        assert_eq!(error.to_string(), "must not be skipped in CI: docs");
    }

    #[test]
    fn a_failed_step_fails_the_command_and_the_rest_still_runs() {
        let fails = |name| step(name, |_: &Workspace| anyhow::bail!("as it should"));
        let steps = [fails("one"), fails("two")];
        let error = run_all(&Workspace::find().unwrap(), &steps).unwrap_err();
        assert_eq!(error.to_string(), "failed: one, two");
    }
}
