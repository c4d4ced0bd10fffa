//! Which claims are met.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use tokio::time::{Instant, timeout};

use crate::progress::Progress;

/// No check takes nearly as long; one that hangs is not met.
const LONGEST_CHECK: Duration = Duration::from_secs(180);

/// The claims and their results, in order.
pub(super) struct Report {
    progress: Progress,
    rows: Vec<Row>,
}

/// A claim, and the work that tests it and returns what it saw.
pub(super) struct Check<'a> {
    claim: &'static str,
    work: Pin<Box<dyn Future<Output = Result<String>> + 'a>>,
}

struct Row {
    claim: &'static str,
    took: Duration,
    end: Result<String>,
}

impl<'a> Check<'a> {
    pub(super) fn new(
        claim: &'static str,
        work: impl Future<Output = Result<String>> + 'a,
    ) -> Self {
        Self {
            claim,
            work: Box::pin(work),
        }
    }
}

impl Report {
    /// Starts a report of this number of claims.
    pub(super) fn of(claims: usize) -> Self {
        Self {
            progress: Progress::of(claims),
            rows: Vec::new(),
        }
    }

    /// Runs a check.
    pub(super) async fn add(&mut self, Check { claim, work }: Check<'_>) {
        self.progress.begin(claim);
        let begun = Instant::now();
        let end = timeout(LONGEST_CHECK, work)
            .await
            .unwrap_or_else(|_| Err(anyhow!("it did not end")));
        self.rows.push(Row {
            claim,
            took: begun.elapsed(),
            end,
        });
        self.progress.done();
    }

    /// Returns the claims as a table.
    pub(super) fn table(&self) -> String {
        let width = self.rows.iter().map(|row| row.claim.len()).max();
        let lines = self
            .rows
            .iter()
            .map(|row| row.line(width.unwrap_or_default()));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// # Errors
    ///
    /// If a claim is not met.
    pub(super) fn verdict(&self) -> Result<()> {
        let failed = self.rows.iter().filter(|row| row.end.is_err());
        let failed: Vec<_> = failed.map(|row| row.claim).collect();
        if !failed.is_empty() {
            bail!("not met: {}", failed.join("; "));
        }
        Ok(())
    }
}

impl Row {
    fn line(&self, width: usize) -> String {
        let (mark, detail) = match &self.end {
            Ok(seen) => ("met    ", seen.clone()),
            Err(error) => ("NOT MET", format!("{error:#}")),
        };
        let seconds = self.took.as_secs_f64();
        format!(
            "  {mark}  {:width$}  {seconds:>5.1} s  {detail}",
            self.claim
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_claim_that_is_not_met_fails_the_whole_and_the_rest_still_shows() {
        let mut report = Report::of(2);
        report
            .add(Check::new("breaks", async { bail!("as it should") }))
            .await;
        report
            .add(Check::new("holds", async { Ok("well".to_owned()) }))
            .await;
        assert_eq!(report.verdict().unwrap_err().to_string(), "not met: breaks");
        let table = report.table();
        assert!(
            table.contains("NOT MET  breaks") && table.contains("as it should"),
            "{table}"
        );
        assert!(
            table.contains("met      holds") && table.contains("well"),
            "{table}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_is_not_met() {
        let mut report = Report::of(1);
        report
            .add(Check::new("hangs", std::future::pending()))
            .await;
        assert!(report.verdict().is_err());
    }
}
