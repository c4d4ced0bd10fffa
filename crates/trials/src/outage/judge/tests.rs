//! Each rule can fail: an outage as it should be, and one change for each that breaks it.

use super::super::callers::Refusal;
use super::*;
use vendor_auth::Error;

const BEFORE: Generation = Generation::new(1);
const NEXT: Generation = Generation::new(2);
const MINUTE: Duration = Duration::from_secs(60);

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "made up")
}

fn told(event: Event) -> Told {
    let at = Instant::now();
    Told { event, at }
}

fn unpersisted() -> Told {
    told(Event::PersistFailed {
        generation: NEXT,
        error: error(ErrorKind::Store),
    })
}

fn failed(kind: ErrorKind) -> Told {
    told(Event::Failed {
        error: error(kind),
        next_in: Duration::from_secs(1),
    })
}

fn persisted() -> Told {
    told(Event::Persisted { generation: NEXT })
}

fn refusal(kind: ErrorKind) -> Refusal {
    Refusal {
        error: error(kind),
        times: 9,
    }
}

fn seen(handed: &[Generation], told: &[Told]) -> Seen {
    let now = Instant::now();
    Seen {
        asked: Asked {
            times: 12_000,
            handed: handed.iter().map(|generation| (*generation, now)).collect(),
            ..Asked::default()
        },
        told: told.to_vec(),
    }
}

fn late(handed: &[Generation]) -> Seen {
    let mut late = seen(handed, &[failed(ErrorKind::Store)]);
    late.asked.refusals.push(refusal(ErrorKind::Store));
    late
}

fn good_away() -> Away {
    Away {
        lasts: MINUTE,
        next: NEXT,
        exchanges: 0,
        holder: seen(&[BEFORE, NEXT], &[unpersisted()]),
        bystander: seen(&[BEFORE], &[failed(ErrorKind::Store)]),
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
        over: grant,
        holder: seen(&[BEFORE, NEXT], &[unpersisted(), persisted()]),
        bystander: seen(&[BEFORE, NEXT], &[failed(ErrorKind::Store)]),
        latecomer: late(&[NEXT]),
    }
}

#[test]
fn an_outage_as_it_should_be_is_let_pass() {
    good_away().judge().unwrap();
    good_back().judge().unwrap();
}

/// A change, and words of the rule that finds it.
struct Breakage<Facts>(&'static str, fn(&mut Facts));

#[test]
fn each_fault_during_an_outage_is_found() {
    let breakages: [Breakage<Away>; 14] = [
        Breakage(SPENT, |away| away.exchanges = 1),
        Breakage("the bystander was asked 100 times only", |away| {
            away.bystander.asked.times = 100;
        }),
        Breakage("1 of 12000 callers waited", |away| {
            away.bystander.asked.waited = 1;
        }),
        Breakage("1 of 12000 callers waited", |away| {
            away.holder.asked.waited = 1;
        }),
        Breakage("replaced by an error", |away| {
            away.bystander
                .asked
                .refusals
                .push(refusal(ErrorKind::Store));
        }),
        Breakage("expired token was handed out", |away| {
            away.holder.asked.expired = 1;
        }),
        Breakage("has not acknowledged", |away| away.holder.told.clear()),
        Breakage("it was not away", |away| away.holder.told.push(persisted())),
        Breakage("from memory", |away| away.holder.asked.handed.truncate(1)),
        Breakage("was not due", |away| {
            away.bystander.told = vec![failed(ErrorKind::InDoubt)];
        }),
        Breakage("no store could give", |away| {
            away.bystander.asked = good_back().bystander.asked;
        }),
        Breakage("its own was over", |away| away.latecomer = late(&[BEFORE])),
        Breakage("within its deadline", |away| {
            away.latecomer.asked.refusals.clear();
        }),
        Breakage("something else: Rejected", |away| {
            away.latecomer
                .asked
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
fn each_fault_after_an_outage_is_found() {
    let breakages: [Breakage<Back>; 13] = [
        Breakage("commit did not land", |back| back.holder.told.truncate(1)),
        Breakage("the shared grant: 2 exchanges brought 1 tokens", |back| {
            back.shared.exchanges = 2;
        }),
        Breakage("the shared grant: 2 exchanges brought 2 tokens", |back| {
            (back.shared.exchanges, back.shared.issued) = (2, 2);
        }),
        Breakage("not generation 2", |back| back.shared.stored = Some(BEFORE)),
        Breakage("not generation 2", |back| back.over.stored = None),
        Breakage("the latecomer's grant: 0 exchanges", |back| {
            back.over.exchanges = 0;
        }),
        Breakage("the bystander has no newer token", |back| {
            back.bystander.asked.handed.truncate(1);
        }),
        Breakage("the latecomer has no newer token", |back| {
            back.latecomer.asked.handed.clear();
        }),
        Breakage("bystander: says Lost", |back| {
            back.bystander
                .told
                .push(told(Event::Superseded { generation: NEXT }));
        }),
        Breakage("holder: says Restored", |back| {
            back.holder
                .told
                .push(told(Event::Rewritten { generation: NEXT }));
        }),
        Breakage("the holder: 1 of", |back| back.holder.asked.waited = 1),
        Breakage("handed an expired token", |back| {
            back.latecomer.asked.expired = 1;
        }),
        Breakage("something else: InDoubt", |back| {
            back.latecomer
                .asked
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
