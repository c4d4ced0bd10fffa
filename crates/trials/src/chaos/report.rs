//! The table at the end.

use std::fmt::Display;
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
    let per_round = format!("{:.0} ms", (took / rounds).as_secs_f64() * 1000.0);
    let rows: [(&str, &dyn Display); 31] = [
        ("store", &options.store.name()),
        ("rotation", &options.rotation.name()),
        ("runtime of a call", &options.runtime.name()),
        ("mix of troubles", &options.mix.name()),
        ("processes", &options.processes),
        ("rounds", &counts.rounds),
        ("processes killed", &counts.kills),
        ("killed, token in fallback store", &counts.in_fallback),
        ("killed, token complete on disk", &counts.whole_on_disk),
        ("processes stopped", &counts.stops),
        ("exchanges cut off or delayed", &counts.cuts),
        ("store unavailable or full", &counts.outages),
        ("clock steps", &counts.steps),
        (
            "runtimes dropped during a refresh",
            &counts.dropped_runtimes,
        ),
        ("logouts", &tally.logouts),
        ("redemptions", &redemptions),
        ("exchanges that issued a token", &tally.exchanges),
        ("of these already expired", &run.workers.overtaken),
        ("generations in the store", &tally.generations),
        ("repeated by the vendor's grace", &tally.repeated),
        ("of a kept grant, not delivered", &tally.unheard),
        ("of a grant that was ended", &tally.overtaken),
        ("exchanges refused", &tally.refused),
        ("adoptions from the store", &run.workers.adoptions),
        ("tokens handed out", &tally.handed),
        ("instants signed by vendor clock", &tally.signed),
        ("expired by an unknowable time", &tally.late),
        ("grants lost", &tally.lost),
        ("losses explained", &explained),
        ("time per round", &per_round),
        ("seed", &seed),
    ];
    let lines = rows
        .iter()
        .map(|(name, value)| format!("  {name:<32} {value}"));
    lines.collect::<Vec<_>>().join("\n")
}
