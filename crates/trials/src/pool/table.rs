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
        "{} (limit {}, at most {} at work and {} that failed)",
        seen.most_in_memory,
        options.in_memory(),
        seen.most_at_work,
        seen.most_failing
    );
    let exchanges = format!("{} ({rate:.0}/s)", verdict.exchanges);
    let per_account = format!("{} to {}", verdict.fewest, verdict.most);
    let lost = format!(
        "{} on the way to a killed process, {} on the way to the store",
        verdict.lost_on_their_way, verdict.lost_before_the_store
    );
    let kept = format!(
        "{}, {} of them unreported by a killed process",
        verdict.kept, verdict.unreported
    );
    let again = format!(
        "{}, and {} requests after that",
        verdict.used_again, verdict.asked_after_end
    );
    let latest = format!("{:.1} s", verdict.latest.as_secs_f64());
    let spare = format!("{} s", options.spare);
    let refused = format!("{:?}", calls.refused);
    let life = format!("{} s", options.life().as_secs());
    let rows: [(&str, &dyn Display); 20] = [
        ("store", &options.store.name()),
        ("accounts", &options.accounts),
        ("processes", &options.processes),
        ("life of an access token", &life),
        ("a refresh token ends after", &spare),
        ("processes killed", &workers.killed.len()),
        ("ended with something under way", &workers.unsettled()),
        ("exchanges = generations", &exchanges),
        ("refreshes of an account", &per_account),
        ("grants kept", &kept),
        ("grants lost", &lost),
        ("grants that ended in doubt", &verdict.ended_in_doubt),
        ("lost grants used again", &again),
        ("grants past their first end", &verdict.outlived),
        ("latest refresh after expiry", &latest),
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
