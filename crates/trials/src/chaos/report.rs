//! The table at the end.

use std::time::Duration;

use super::options::Options;
use super::run::Run;

/// Returns the table of what was done and what came of it.
pub(super) fn table(run: &Run, options: &Options, seed: u64, took: Duration) -> String {
    let (counts, tally) = (&run.counts, &run.oracle.tally);
    let rounds = u32::try_from(counts.rounds.max(1)).unwrap_or(u32::MAX);
    let explained = format!(
        "{} ({} undelivered, {} receiver killed)",
        tally.undelivered + tally.killed,
        tally.undelivered,
        tally.killed
    );
    let redemptions = format!(
        "{}, and {} refused",
        tally.redemptions, tally.refused_redemptions
    );
    let rows = [
        ("store", options.store.name().to_owned()),
        ("rotation", options.rotation.name().to_owned()),
        ("runtime of a call", options.runtime.name().to_owned()),
        ("processes", options.processes.to_string()),
        ("rounds", counts.rounds.to_string()),
        ("processes killed", counts.kills.to_string()),
        (
            "killed, token in fallback store",
            counts.in_fallback.to_string(),
        ),
        (
            "killed, token complete on disk",
            counts.whole_on_disk.to_string(),
        ),
        ("processes stopped", counts.stops.to_string()),
        ("exchanges cut off or delayed", counts.cuts.to_string()),
        ("store unavailable or full", counts.outages.to_string()),
        ("clock steps", counts.steps.to_string()),
        (
            "runtimes dropped during a refresh",
            counts.dropped_runtimes.to_string(),
        ),
        ("logouts", tally.logouts.to_string()),
        ("redemptions", redemptions),
        ("exchanges that issued a token", tally.exchanges.to_string()),
        (
            "of these already expired",
            run.workers.overtaken.to_string(),
        ),
        ("generations in the store", tally.generations.to_string()),
        ("repeated by the vendor's grace", tally.repeated.to_string()),
        ("of a kept grant, not delivered", tally.unheard.to_string()),
        ("of a grant that was ended", tally.overtaken.to_string()),
        ("exchanges refused", tally.refused.to_string()),
        (
            "adoptions from the store",
            run.workers.adoptions.to_string(),
        ),
        ("tokens handed out", tally.handed.to_string()),
        ("instants signed by vendor clock", tally.signed.to_string()),
        ("expired by an unknowable time", tally.late.to_string()),
        ("grants lost", tally.lost.to_string()),
        ("losses explained", explained),
        (
            "time per round",
            format!("{:.0} ms", (took / rounds).as_secs_f64() * 1000.0),
        ),
        ("seed", seed.to_string()),
    ];
    let lines = rows
        .iter()
        .map(|(name, value)| format!("  {name:<32} {value}"));
    lines.collect::<Vec<_>>().join("\n")
}
