//! What a fresh token costs: on one thread and on two.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::{Effort, label, median};
use crate::peer::{Call, Candidate, Error};
use crate::peers;
use crate::report::{Cell, Row, Table};
use crate::setting::Setting;

const BATCH: Duration = Duration::from_millis(2);
const CASES: [(Call, usize); 4] = [
    (Call::Token, 1),
    (Call::Header, 1),
    (Call::Token, 2),
    (Call::Header, 2),
];

struct Measured {
    label: String,
    candidate: Arc<dyn Candidate>,
    /// The calls of one batch, for each case.
    calls: [u32; CASES.len()],
    /// Nanoseconds of a call in each round, for each case.
    times: [Vec<f64>; CASES.len()],
}

pub async fn measure(setting: &Setting, effort: Effort) -> Result<Table, Error> {
    let mut candidates = Vec::new();
    for entry in peers::all() {
        let candidate = entry.build(setting).await?;
        candidate.header().await?;
        candidates.push((label(&entry), candidate));
    }
    let handle = Handle::current();
    let measured = tokio::task::spawn_blocking(move || {
        let _runtime = handle.enter();
        let measured = candidates.into_iter();
        let mut measured: Vec<_> = measured
            .map(|(label, it)| Measured::new(label, it))
            .collect();
        take_turns(&mut measured, effort, &handle);
        measured
    });
    let rows = measured.await?.into_iter().map(Measured::row).collect();
    Ok(Table {
        title: "A fresh token",
        note: format!(
            "Nanoseconds of a call, and millions of calls a second by two threads together: the \
            candidates take turns, the best of {} batches of 2 ms counts, and the table shows the \
            median of {} turns.",
            effort.batches(),
            effort.rounds(),
        ),
        columns: vec![
            "",
            "token, ns",
            "header, ns",
            "token, 2 threads, M/s",
            "header, 2 threads, M/s",
        ],
        rows,
    })
}

/// What disturbs the machine disturbs all of them.
fn take_turns(candidates: &mut [Measured], effort: Effort, runtime: &Handle) {
    for _ in 0..effort.rounds() {
        for measured in &mut *candidates {
            measured.turn(effort, runtime);
        }
    }
}

impl Measured {
    fn new(label: String, candidate: Arc<dyn Candidate>) -> Self {
        let calls = CASES.map(|(call, _)| calls_of_a_batch(&*candidate, call));
        Self {
            label,
            candidate,
            calls,
            times: Default::default(),
        }
    }

    fn turn(&mut self, effort: Effort, runtime: &Handle) {
        let cases = CASES.into_iter().zip(self.calls).zip(&mut self.times);
        for (((call, threads), calls), times) in cases {
            let batches = effort.batches();
            let best = best_batch(&self.candidate, call, calls, threads, batches, runtime);
            times.push(best.as_secs_f64() * 1e9 / f64::from(calls));
        }
    }

    fn row(self) -> Row {
        let [token, header, token_of_two, header_of_two] = self.times.map(median);
        let rate = |nanos: f64| Cell::Number(2e3 / nanos, 1);
        let cells = vec![
            Cell::Number(token, 1),
            Cell::Number(header, 1),
            rate(token_of_two),
            rate(header_of_two),
        ];
        Row {
            label: self.label,
            cells,
        }
    }
}

fn calls_of_a_batch(candidate: &dyn Candidate, call: Call) -> u32 {
    const CALLS: u32 = 1_000;
    candidate.batch(call, CALLS);
    let began = Instant::now();
    candidate.batch(call, CALLS);
    let one = began.elapsed().as_nanos() as f64 / f64::from(CALLS);
    (BATCH.as_nanos() as f64 / one) as u32
}

/// Returns the time of the best batch, from when the first thread begins to when the last ends, so
/// that threads that run one after the other do not count as fast.
fn best_batch(
    candidate: &Arc<dyn Candidate>,
    call: Call,
    calls: u32,
    threads: usize,
    batches: usize,
    runtime: &Handle,
) -> Duration {
    let barrier = Barrier::new(threads);
    let run = || {
        let _runtime = runtime.enter();
        let batch = || {
            barrier.wait();
            let began = Instant::now();
            candidate.batch(call, calls);
            (began, Instant::now())
        };
        (0..batches).map(|_| batch()).collect::<Vec<_>>()
    };
    let spans = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let own = run();
        let others = others
            .into_iter()
            .map(|other| other.join().expect("no panic"));
        others.fold(own, |all, spans| {
            all.into_iter().zip(spans).map(longer).collect()
        })
    });
    let times = spans.into_iter().map(|(began, ended)| ended - began);
    times.min().unwrap_or_default()
}

type Span = (Instant, Instant);

fn longer((one, other): (Span, Span)) -> Span {
    (one.0.min(other.0), one.1.max(other.1))
}
