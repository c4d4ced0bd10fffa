//! The table at the end.

use std::fmt::Display;

use super::options::Options;
use super::run::Outcome;

/// Returns the table of what was done and what came of it.
pub(super) fn of(options: &Options, outcome: &Outcome) -> String {
    let (verdict, workers) = (&outcome.verdict, &outcome.workers);
    let (seen, calls) = (&workers.seen, &workers.seen.calls);
    let rate = verdict.exchanges as f64 / outcome.took.as_secs_f64();
    let memory = format!(
        "{} (limit {}, {} at work at most)",
        seen.most_in_memory,
        options.in_memory(),
        seen.most_at_work
    );
    let exchanges = format!("{} ({rate:.0}/s)", verdict.exchanges);
    let per_account = format!("{} to {}", verdict.fewest, verdict.most);
    let lost = format!(
        "{}, {} of them used again",
        verdict.lost, verdict.used_again
    );
    let refused = format!("{:?}", calls.refused);
    let life = format!("{} s", options.life().as_secs());
    let rows: [(&str, &dyn Display); 15] = [
        ("store", &options.store.name()),
        ("accounts", &options.accounts),
        ("processes", &options.processes),
        ("life of an access token", &life),
        ("processes killed", &workers.killed.len()),
        ("exchanges = generations", &exchanges),
        ("refreshes of an account", &per_account),
        ("grants kept", &verdict.kept),
        ("lost, receiver killed", &lost),
        ("asked after the end of a grant", &verdict.asked_after_end),
        ("in memory at most", &memory),
        ("evicted", &seen.evicted.values().sum::<u64>()),
        ("tokens handed out", &calls.answered),
        ("slowest caller, ms", &calls.slowest_ms),
        ("callers refused", &refused),
    ];
    let lines = rows
        .iter()
        .map(|(name, value)| format!("  {name:<32} {value}"));
    lines.collect::<Vec<_>>().join("\n")
}
