//! The Grafana dashboard, against a Prometheus that scraped a real run: each query returns a value.
//! And no secret of that run is in its metrics, log, events or health.

mod exporter;
mod life;
mod queries;

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use local_servers::{Prometheus, install};

use self::exporter::Exporter;
use self::life::Life;
use crate::Outcome;
use crate::demo::secrets::Pieces;
use token_testkit::ProgramLog;

const SCRAPED_EVERY: Duration = Duration::from_millis(250);

/// Runs the trial.
///
/// # Errors
///
/// If a query of the dashboard returns nothing, a metric is on no panel, or a secret came out.
pub(crate) fn run() -> Result<Outcome> {
    let mut missing = install::missing().into_iter();
    if let Some(missing) = missing.find(|missing| missing.package == "prometheus") {
        return Ok(Outcome::Skipped(format!("run: {}", missing.command())));
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build()?.block_on(scraped())?;
    Ok(Outcome::Passed)
}

async fn scraped() -> Result<()> {
    let log = ProgramLog::begin()?;
    let exporter = Exporter::start().await?;
    let prometheus = Prometheus::scraping(exporter.port(), SCRAPED_EVERY)?;
    let mut life = Life::begin().await?;
    // A rate needs a change between two scrapes, so all that happens happens twice.
    for _ in 0..2 {
        life.goes_on().await?;
        exporter.scraped_twice().await?;
    }
    every_metric_is_on_a_panel(&exporter.render())?;
    every_query_returns_a_value(&prometheus)?;
    let told = life.end().await?;
    no_secret_came_out(&life, &[&told, &exporter.render(), &log.text()])
}

fn every_metric_is_on_a_panel(metrics: &str) -> Result<()> {
    let all = queries::of_panels()?.join("\n");
    let named = metrics.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        name.starts_with("vendor_auth_").then_some(name)
    });
    let named: Vec<&str> = named.collect();
    ensure!(named.len() == 9, "9 metrics are documented: {named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !all.contains(**name)).collect();
    ensure!(missing.is_empty(), "on no panel: {missing:?}");
    Ok(())
}

fn every_query_returns_a_value(prometheus: &Prometheus) -> Result<()> {
    let mut queries = queries::of_panels()?;
    queries.extend(queries::of_variables()?);
    ensure!(queries.len() >= 15, "{} queries alone", queries.len());
    for query in &queries {
        let samples = prometheus.query(query)?;
        if !samples.iter().any(|sample| is_value(sample)) {
            bail!("no value: {query}\n{}", samples.join("\n"));
        }
    }
    let wrong = prometheus.query("vendor_auth_no_such_metric")?;
    ensure!(
        !wrong.iter().any(|sample| is_value(sample)),
        "a query of nothing returned {wrong:?}"
    );
    println!("{} queries of the dashboard return values", queries.len());
    Ok(())
}

/// Whether `promtool` printed a sample, which is a number.
fn is_value(sample: &str) -> bool {
    let value = sample.rsplit_once("=> ").map(|(_, value)| value);
    value.is_some_and(|value| !value.starts_with("NaN"))
}

fn no_secret_came_out(life: &Life, came_out: &[&str]) -> Result<()> {
    let secrets = life.secrets();
    ensure!(secrets.len() >= 8, "{} secrets alone", secrets.len());
    let pieces = Pieces::of(&secrets);
    for text in came_out {
        ensure!(!text.is_empty(), "nothing came out");
        let leaking = text.lines().find(|line| pieces.found_in(line) > 0);
        if let Some(line) = leaking {
            bail!("a secret came out: {line}");
        }
    }
    let planted = secrets.first().map(String::as_str).unwrap_or_default();
    ensure!(
        pieces.found_in(&format!("a line with {planted}")) > 0,
        "a planted secret is not found"
    );
    let lines: usize = came_out.iter().map(|text| text.lines().count()).sum();
    println!("none of {} secrets is in {lines} lines", secrets.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_without_a_number_is_no_value() {
        assert!(is_value("{key=\"a/b/c\"} => 12.5 @[1764145800]"));
        assert!(!is_value("{} => NaN @[1764145800]"));
        assert!(!is_value(""));
    }

    #[test]
    fn a_metric_that_is_on_no_panel_is_found() {
        let metrics = "# TYPE vendor_auth_waiters gauge\n";
        assert!(every_metric_is_on_a_panel(metrics).is_err());
    }
}
