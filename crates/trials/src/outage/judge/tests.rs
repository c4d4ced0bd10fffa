//! Each rule can fail: a correct outage, and one change for each rule that breaks it.

use super::super::callers::Refusal;
use super::*;
use vendor_auth::Error;

const BEFORE: Generation = Generation::new(1);
const NEXT: Generation = Generation::new(2);
const MINUTE: Duration = Duration::from_secs(60);

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "made up")
}

fn events(event: Event) -> TimedEvent {
    let at = Instant::now();
    TimedEvent { event, at }
}

fn unpersisted() -> TimedEvent {
    events(Event::PersistFailed {
        generation: NEXT,
        error: error(ErrorKind::Store),
    })
}

fn failed(kind: ErrorKind) -> TimedEvent {
    events(Event::Failed {
        error: error(kind),
        next_in: Duration::from_secs(1),
    })
}

fn persisted() -> TimedEvent {
    events(Event::Persisted { generation: NEXT })
}

fn refusal(kind: ErrorKind) -> Refusal {
    Refusal {
        error: error(kind),
        times: 9,
    }
}

fn observed(handed: &[Generation], events: &[TimedEvent]) -> Observed {
    let now = Instant::now();
    Observed {
        stats: CallStats {
            times: 12_000,
            handed: handed.iter().map(|generation| (*generation, now)).collect(),
            ..CallStats::default()
        },
        events: events.to_vec(),
    }
}

fn late(handed: &[Generation]) -> Observed {
    let mut late = observed(handed, &[failed(ErrorKind::Store)]);
    late.stats.refusals.push(refusal(ErrorKind::Store));
    late
}

fn good_away() -> Away {
    Away {
        lasts: MINUTE,
        next: NEXT,
        exchanges: 0,
        holder: observed(&[BEFORE, NEXT], &[unpersisted()]),
        bystander: observed(&[BEFORE], &[failed(ErrorKind::Store)]),
        latecomer: late(&[]),
    }
}

fn good_back() -> Back {
    let grant = Grant {
        exchanges: 1,
        issued: 1,
        stored: Some(NEXT),
    };
    Back {
        next: NEXT,
        shared: grant,
        expired: grant,
        holder: observed(&[BEFORE, NEXT], &[unpersisted(), persisted()]),
        bystander: observed(&[BEFORE, NEXT], &[failed(ErrorKind::Store)]),
        latecomer: late(&[NEXT]),
    }
}

#[test]
fn a_correct_outage_passes() {
    good_away().judge().unwrap();
    good_back().judge().unwrap();
}

/// A change, and the text of the rule that detects it.
struct Breakage<T>(&'static str, fn(&mut T));

#[test]
fn each_fault_during_an_outage_is_detected() {
    let breakages: [Breakage<Away>; 14] = [
        Breakage(SPENT, |away| away.exchanges = 1),
        Breakage("the bystander was asked only 100 times", |away| {
            away.bystander.stats.times = 100;
        }),
        Breakage("1 of 12000 callers waited", |away| {
            away.bystander.stats.waited = 1;
        }),
        Breakage("1 of 12000 callers waited", |away| {
            away.holder.stats.waited = 1;
        }),
        Breakage("replaced by an error", |away| {
            away.bystander
                .stats
                .refusals
                .push(refusal(ErrorKind::Store));
        }),
        Breakage("expired token was handed out", |away| {
            away.holder.stats.expired = 1;
        }),
        Breakage("has not acknowledged", |away| away.holder.events.clear()),
        Breakage("it was not away", |away| {
            away.holder.events.push(persisted());
        }),
        Breakage("from memory", |away| away.holder.stats.handed.truncate(1)),
        Breakage("was not due", |away| {
            away.bystander.events = vec![failed(ErrorKind::InDoubt)];
        }),
        Breakage("cannot have from a store", |away| {
            away.bystander.stats = good_back().bystander.stats;
        }),
        Breakage("its own had expired", |away| {
            away.latecomer = late(&[BEFORE]);
        }),
        Breakage("within its deadline", |away| {
            away.latecomer.stats.refusals.clear();
        }),
        Breakage("another error: Rejected", |away| {
            away.latecomer
                .stats
                .refusals
                .push(refusal(ErrorKind::Rejected));
        }),
    ];
    for Breakage(words, breaks) in breakages {
        let mut away = good_away();
        breaks(&mut away);
        assert_is_found(away.judge(), words);
    }
}

#[test]
fn each_fault_after_an_outage_is_detected() {
    let breakages: [Breakage<Back>; 13] = [
        Breakage("commit was not written", |back| {
            back.holder.events.truncate(1);
        }),
        Breakage("the shared grant: 2 exchanges brought 1 tokens", |back| {
            back.shared.exchanges = 2;
        }),
        Breakage("the shared grant: 2 exchanges brought 2 tokens", |back| {
            (back.shared.exchanges, back.shared.issued) = (2, 2);
        }),
        Breakage("not generation 2", |back| back.shared.stored = Some(BEFORE)),
        Breakage("not generation 2", |back| back.expired.stored = None),
        Breakage("the latecomer's grant: 0 exchanges", |back| {
            back.expired.exchanges = 0;
        }),
        Breakage("the bystander has no newer token", |back| {
            back.bystander.stats.handed.truncate(1);
        }),
        Breakage("the latecomer has no newer token", |back| {
            back.latecomer.stats.handed.clear();
        }),
        Breakage("bystander: says Superseded", |back| {
            back.bystander
                .events
                .push(events(Event::Superseded { generation: NEXT }));
        }),
        Breakage("holder: says Rewritten", |back| {
            back.holder
                .events
                .push(events(Event::Rewritten { generation: NEXT }));
        }),
        Breakage("the holder: 1 of", |back| back.holder.stats.waited = 1),
        Breakage("handed an expired token", |back| {
            back.latecomer.stats.expired = 1;
        }),
        Breakage("another error: InDoubt", |back| {
            back.latecomer
                .stats
                .refusals
                .push(refusal(ErrorKind::InDoubt));
        }),
    ];
    for Breakage(words, breaks) in breakages {
        let mut back = good_back();
        breaks(&mut back);
        assert_is_found(back.judge(), words);
    }
}

fn assert_is_found(judged: Result<()>, words: &str) {
    let found = judged.map_or_else(|error| format!("{error:#}"), |()| "nothing".to_owned());
    assert!(found.contains(words), "`{words}` is not in: {found}");
}
