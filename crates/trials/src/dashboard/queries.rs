//! The queries of the dashboard, as Grafana sends them.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::machine::source;

const DASHBOARD: &str = "../../docs/grafana/vendor-auth.json";

/// Returns those of the panels.
pub(super) fn of_panels() -> Result<Vec<String>> {
    let dashboard = dashboard()?;
    let panels = list(&dashboard, "/panels")?.iter();
    let targets = panels.filter_map(|panel| panel.get("targets")?.as_array());
    let queries = targets.flatten().map(|target| {
        let query = target.get("expr").and_then(Value::as_str);
        query.map(with_values).context("a target without a query")
    });
    queries.collect()
}

/// Returns those of the variables: the metrics whose labels they list.
pub(super) fn of_variables() -> Result<Vec<String>> {
    let dashboard = dashboard()?;
    let variables = list(&dashboard, "/templating/list")?.iter();
    let texts = variables.filter_map(|variable| variable.get("query")?.as_str());
    let lists = texts.filter_map(|text| text.strip_prefix("label_values(")?.strip_suffix(')'));
    let queries = lists.map(|list| {
        let (metric, label) = list.split_once(", ").context("a list without a label")?;
        Ok(format!("{metric}{{{label}!=\"\"}}"))
    });
    queries.collect()
}

fn list<'a>(dashboard: &'a Value, path: &str) -> Result<&'a Vec<Value>> {
    let list = dashboard.pointer(path).and_then(Value::as_array);
    list.with_context(|| format!("the dashboard has no {path}"))
}

fn dashboard() -> Result<Value> {
    let text = fs::read_to_string(source(DASHBOARD))?;
    Ok(serde_json::from_str(&text)?)
}

fn with_values(query: &str) -> String {
    query
        .replace("$__rate_interval", "1m")
        .replace("$vendor", ".*")
        .replace("$key", ".*")
}
